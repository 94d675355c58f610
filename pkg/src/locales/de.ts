import type { Locale } from '../describe.js';

/** German, with the formal address. */
export const de: Locale = {
  language: 'de',
  notices: {
    cart_changed: 'Ihr Warenkorb hat sich geändert. Bitte prüfen Sie den neuen Gesamtbetrag, bevor Sie bezahlen.',
    fresh_token_needed:
      'Diese Freigabe wurde bereits verwendet und gilt nur einmal. Bitte wählen Sie eine Karte und bestätigen Sie die Zahlung erneut.',
    payment_declined: 'Ihre Zahlung wurde abgelehnt, und Ihr Konto wurde nicht belastet. {reason} {advice}',
    payment_rejected: 'Ihre Zahlung konnte nicht angenommen werden, und Ihr Konto wurde nicht belastet. {reason}',
    payment_not_made:
      'Ihre Zahlung ist nicht zustande gekommen, und Ihr Konto wurde nicht belastet. Sie können unbesorgt noch einmal bezahlen.',
    checking_payment: 'Wir prüfen Ihre Zahlung. Das kann einen Moment dauern.',
    do_not_pay_again: 'Bitte bezahlen Sie nicht noch einmal. Wir prüfen Ihre Zahlung und zeigen das Ergebnis hier an.',
    payment_received: 'Vielen Dank. Ihre Zahlung ist eingegangen.',
    earlier_cart_paid:
      'Ihre Zahlung ist eingegangen, und zwar für den Warenkorb, wie er beim Bezahlen war. Was Sie seitdem geändert haben, ist nicht enthalten und wurde nicht berechnet.',
    charged_twice:
      'Für diesen Einkauf sind zwei Zahlungen eingegangen. Bitte melden Sie sich bei uns, damit wir Ihnen eine davon erstatten können.',
    sheet_unavailable:
      'Das Zahlungsfenster konnte nicht angezeigt werden. Bitte versuchen Sie es noch einmal oder wählen Sie eine andere Zahlungsart.',
    another_sheet_open:
      'Es ist bereits ein Zahlungsfenster geöffnet, vielleicht in einem anderen Tab. Bitte schließen Sie die Zahlung dort zuerst ab oder brechen Sie sie ab.',
    action_required: 'Ihre Bank bittet Sie, diese Zahlung zu bestätigen.',
    offline: 'Sie sind offline. Es geht weiter, sobald Sie wieder verbunden sind.',
    record_unavailable:
      'In diesem Browser können wir nicht speichern, was Sie vor einer doppelten Zahlung schützt. Bitte erlauben Sie dieser Website, Daten zu speichern, oder verwenden Sie einen anderen Browser.',
    another_tab_pays: 'Sie bezahlen gerade in einem anderen Tab. Das Ergebnis wird auch hier angezeigt.',
  },
  advice: {
    try_again_later: 'Bitte versuchen Sie es später noch einmal oder verwenden Sie eine andere Karte.',
    other_card: 'Bitte verwenden Sie eine andere Karte.',
    correct_details: 'Bitte prüfen Sie Ihre Angaben und versuchen Sie es noch einmal.',
    do_not_retry: 'Bitte wählen Sie eine andere Zahlungsart.',
  },
  reasons: {
    insufficient_funds: 'Das verfügbare Guthaben dieser Karte reicht nicht aus.',
    expired_card: 'Diese Karte ist abgelaufen.',
    incorrect_cvc: 'Die Prüfziffer ist nicht korrekt.',
    invalid_cvc: 'Die Prüfziffer ist nicht korrekt.',
    incorrect_number: 'Die Kartennummer ist nicht korrekt.',
    invalid_number: 'Die Kartennummer ist nicht korrekt.',
    invalid_expiry: 'Das Ablaufdatum ist nicht korrekt.',
    invalid_expiry_month: 'Das Ablaufdatum ist nicht korrekt.',
    invalid_expiry_year: 'Das Ablaufdatum ist nicht korrekt.',
    incorrect_pin: 'Die PIN ist nicht korrekt.',
    invalid_pin: 'Die PIN ist nicht korrekt.',
    incorrect_zip: 'Die Postleitzahl passt nicht zu dieser Karte.',
    postcode_invalid: 'Die Postleitzahl passt nicht zu dieser Karte.',
    incorrect_address: 'Die Adresse passt nicht zu dieser Karte.',
    card_not_supported: 'Diese Karte kann für diesen Einkauf nicht verwendet werden.',
    currency_not_supported: 'Diese Karte kann in dieser Währung nicht verwendet werden.',
    card_velocity_exceeded: 'Diese Karte hat ihr Limit erreicht.',
    withdrawal_count_limit_exceeded: 'Diese Karte hat ihr Limit erreicht.',
    authentication_required: 'Ihre Bank möchte, dass Sie die Zahlung bestätigen.',
    authentication_failed: 'Die Zahlung wurde bei Ihrer Bank nicht bestätigt.',
    issuer_not_available: 'Ihre Bank war nicht erreichbar.',
    processing_error: 'Ihre Bank konnte die Zahlung gerade nicht verarbeiten.',
    try_again_later: 'Ihre Bank konnte die Zahlung gerade nicht verarbeiten.',
  },
};
