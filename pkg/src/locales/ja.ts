import type { Locale } from '../describe.js';

/** Japanese, in the polite form. */
export const ja: Locale = {
  language: 'ja',
  notices: {
    cart_changed: 'カートの内容が変わりました。お支払いの前に、新しい合計金額をご確認ください。',
    fresh_token_needed:
      'この承認はすでに使用されており、もう一度使うことはできません。カードを選び、改めて確認してください。',
    payment_declined: 'お支払いが承認されませんでした。請求は行われていません。{reason}{advice}',
    payment_rejected: 'お支払いを受け付けることができませんでした。請求は行われていません。{reason}',
    payment_not_made: 'お支払いは完了しませんでした。請求は行われていません。安心してもう一度お支払いいただけます。',
    checking_payment: 'お支払いを確認しています。少し時間がかかる場合があります。',
    do_not_pay_again:
      'もう一度お支払いにならないでください。現在お支払いを確認しており、結果はこの画面に表示されます。',
    payment_received: 'ありがとうございます。お支払いを受け付けました。',
    earlier_cart_paid:
      'お支払い時のカートの内容で、お支払いを受け付けました。その後の変更は含まれておらず、請求もされていません。',
    charged_twice:
      'このご購入に対して、お支払いが2回行われました。一方を返金いたしますので、お手数ですがご連絡ください。',
    sheet_unavailable:
      'お支払い画面を表示できませんでした。もう一度お試しいただくか、別のお支払い方法をお選びください。',
    another_sheet_open:
      'お支払い画面がすでに開いています。別のタブで開いている可能性があります。先にそちらを完了するか、閉じてください。',
    action_required: 'カード会社または銀行が、このお支払いの確認を求めています。',
    offline: 'オフラインです。接続が戻りしだい、処理を続けます。',
    record_unavailable:
      'このブラウザでは、二重払いを防ぐための情報を保存できません。このサイトにデータの保存を許可するか、別のブラウザをご利用ください。',
    another_tab_pays: '別のタブでお支払い中です。結果はこの画面にも表示されます。',
  },
  advice: {
    try_again_later: 'しばらくしてからもう一度お試しいただくか、別のカードをご利用ください。',
    other_card: '別のカードをご利用ください。',
    correct_details: '入力内容をご確認のうえ、もう一度お試しください。',
    do_not_retry: '別のお支払い方法をお選びください。',
  },
  reasons: {
    insufficient_funds: 'このカードは残高または利用可能額が不足しています。',
    expired_card: 'このカードは有効期限が切れています。',
    incorrect_cvc: 'セキュリティコードが正しくありません。',
    invalid_cvc: 'セキュリティコードが正しくありません。',
    incorrect_number: 'カード番号が正しくありません。',
    invalid_number: 'カード番号が正しくありません。',
    invalid_expiry: '有効期限が正しくありません。',
    invalid_expiry_month: '有効期限が正しくありません。',
    invalid_expiry_year: '有効期限が正しくありません。',
    incorrect_pin: '暗証番号が正しくありません。',
    invalid_pin: '暗証番号が正しくありません。',
    incorrect_zip: '郵便番号がこのカードの登録と一致しません。',
    postcode_invalid: '郵便番号がこのカードの登録と一致しません。',
    incorrect_address: '住所がこのカードの登録と一致しません。',
    card_not_supported: 'このカードはこのお買い物にはご利用いただけません。',
    currency_not_supported: 'このカードはこの通貨ではご利用いただけません。',
    card_velocity_exceeded: 'このカードは利用限度に達しています。',
    withdrawal_count_limit_exceeded: 'このカードは利用限度に達しています。',
    authentication_required: 'カード会社または銀行が、お支払いの確認を求めています。',
    authentication_failed: 'カード会社または銀行で、お支払いが確認されませんでした。',
    issuer_not_available: 'カード会社または銀行に接続できませんでした。',
    processing_error: 'カード会社または銀行で、現在お支払いを処理できませんでした。',
    try_again_later: 'カード会社または銀行で、現在お支払いを処理できませんでした。',
  },
};
