import type { Locale } from '../describe.js';

/** Brazilian Portuguese. */
export const ptBR: Locale = {
  language: 'pt-BR',
  notices: {
    cart_changed: 'Seu carrinho mudou. Confira o novo total antes de pagar.',
    fresh_token_needed:
      'Essa autorização já foi usada e não pode ser usada duas vezes. Escolha um cartão e confirme novamente.',
    payment_declined: 'Seu pagamento foi recusado e nada foi cobrado de você. {reason} {advice}',
    payment_rejected: 'Não foi possível aceitar seu pagamento e nada foi cobrado de você. {reason}',
    payment_not_made:
      'Seu pagamento não foi concluído e nada foi cobrado de você. Você pode pagar novamente com segurança.',
    checking_payment: 'Estamos verificando seu pagamento. Isso pode levar um instante.',
    do_not_pay_again:
      'Não pague novamente, por favor. Estamos verificando seu pagamento e mostraremos o resultado aqui.',
    payment_received: 'Obrigado. Recebemos seu pagamento.',
    earlier_cart_paid:
      'Recebemos seu pagamento do carrinho como ele estava quando você pagou. O que você mudou depois não está incluído e não foi cobrado.',
    charged_twice:
      'Dois pagamentos foram feitos para esta compra. Entre em contato conosco para que possamos devolver um deles.',
    sheet_unavailable:
      'Não foi possível mostrar a janela de pagamento. Tente novamente ou escolha outra forma de pagamento.',
    another_sheet_open:
      'Já existe uma janela de pagamento aberta, talvez em outra aba. Conclua o pagamento nela ou feche-a primeiro.',
    action_required: 'Seu banco pede que você confirme este pagamento.',
    offline: 'Você está sem conexão. Continuaremos assim que você estiver on-line novamente.',
    record_unavailable:
      'Este navegador não nos permite guardar o que protege você de pagar duas vezes. Permita que este site guarde dados ou use outro navegador.',
    another_tab_pays: 'Você está pagando em outra aba. O resultado também será mostrado aqui.',
  },
  advice: {
    try_again_later: 'Tente novamente mais tarde ou use outro cartão.',
    other_card: 'Use outro cartão.',
    correct_details: 'Confira os dados informados e tente novamente.',
    do_not_retry: 'Escolha outra forma de pagamento.',
  },
  reasons: {
    insufficient_funds: 'Este cartão não tem saldo ou limite suficiente.',
    expired_card: 'Este cartão está vencido.',
    incorrect_cvc: 'O código de segurança está incorreto.',
    invalid_cvc: 'O código de segurança está incorreto.',
    incorrect_number: 'O número do cartão está incorreto.',
    invalid_number: 'O número do cartão está incorreto.',
    invalid_expiry: 'A data de validade está incorreta.',
    invalid_expiry_month: 'A data de validade está incorreta.',
    invalid_expiry_year: 'A data de validade está incorreta.',
    incorrect_pin: 'A senha do cartão está incorreta.',
    invalid_pin: 'A senha do cartão está incorreta.',
    incorrect_zip: 'O CEP não corresponde a este cartão.',
    postcode_invalid: 'O CEP não corresponde a este cartão.',
    incorrect_address: 'O endereço não corresponde a este cartão.',
    card_not_supported: 'Este cartão não pode ser usado nesta compra.',
    currency_not_supported: 'Este cartão não pode ser usado nesta moeda.',
    card_velocity_exceeded: 'Este cartão atingiu o limite.',
    withdrawal_count_limit_exceeded: 'Este cartão atingiu o limite.',
    authentication_required: 'Seu banco quer que você confirme o pagamento.',
    authentication_failed: 'O pagamento não foi confirmado com seu banco.',
    issuer_not_available: 'Não foi possível contatar seu banco.',
    processing_error: 'Seu banco não conseguiu processar o pagamento neste momento.',
    try_again_later: 'Seu banco não conseguiu processar o pagamento neste momento.',
  },
};
