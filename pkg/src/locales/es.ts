import type { Locale } from '../describe.js';

/** Spanish, with the formal address and no regional words. */
export const es: Locale = {
  language: 'es',
  notices: {
    cart_changed: 'Su carrito ha cambiado. Compruebe el nuevo total antes de pagar.',
    fresh_token_needed:
      'Esa autorización ya se ha utilizado y no puede usarse dos veces. Elija una tarjeta y confirme de nuevo.',
    payment_declined: 'Su pago ha sido rechazado y no se le ha cobrado nada. {reason} {advice}',
    payment_rejected: 'No se ha podido aceptar su pago y no se le ha cobrado nada. {reason}',
    payment_not_made: 'Su pago no se ha realizado y no se le ha cobrado nada. Puede volver a pagar con tranquilidad.',
    checking_payment: 'Estamos comprobando su pago. Puede tardar un momento.',
    do_not_pay_again: 'No vuelva a pagar, por favor. Estamos comprobando su pago y mostraremos aquí el resultado.',
    payment_received: 'Gracias. Hemos recibido su pago.',
    earlier_cart_paid:
      'Hemos recibido su pago del carrito tal como estaba cuando pagó. Lo que haya cambiado después no está incluido y no se le ha cobrado.',
    charged_twice:
      'Se han realizado dos pagos por esta compra. Póngase en contacto con nosotros para que podamos devolverle uno de ellos.',
    sheet_unavailable: 'No se ha podido mostrar la ventana de pago. Inténtelo de nuevo o elija otra forma de pago.',
    another_sheet_open:
      'Ya hay una ventana de pago abierta, quizá en otra pestaña. Termine allí el pago o ciérrela primero.',
    action_required: 'Su banco le pide que confirme este pago.',
    offline: 'No tiene conexión. Continuaremos en cuanto vuelva a estar en línea.',
    record_unavailable:
      'Este navegador no nos permite guardar lo que le protege de pagar dos veces. Permita que este sitio guarde datos o utilice otro navegador.',
    another_tab_pays: 'Está pagando en otra pestaña. El resultado se mostrará aquí también.',
  },
  advice: {
    try_again_later: 'Inténtelo de nuevo más tarde o utilice otra tarjeta.',
    other_card: 'Utilice otra tarjeta.',
    correct_details: 'Compruebe los datos introducidos e inténtelo de nuevo.',
    do_not_retry: 'Elija otra forma de pago.',
  },
  reasons: {
    insufficient_funds: 'Esta tarjeta no tiene fondos suficientes.',
    expired_card: 'Esta tarjeta ha caducado.',
    incorrect_cvc: 'El código de seguridad no es correcto.',
    invalid_cvc: 'El código de seguridad no es correcto.',
    incorrect_number: 'El número de la tarjeta no es correcto.',
    invalid_number: 'El número de la tarjeta no es correcto.',
    invalid_expiry: 'La fecha de caducidad no es correcta.',
    invalid_expiry_month: 'La fecha de caducidad no es correcta.',
    invalid_expiry_year: 'La fecha de caducidad no es correcta.',
    incorrect_pin: 'El PIN no es correcto.',
    invalid_pin: 'El PIN no es correcto.',
    incorrect_zip: 'El código postal no corresponde a esta tarjeta.',
    postcode_invalid: 'El código postal no corresponde a esta tarjeta.',
    incorrect_address: 'La dirección no corresponde a esta tarjeta.',
    card_not_supported: 'Esta tarjeta no se puede utilizar para esta compra.',
    currency_not_supported: 'Esta tarjeta no se puede utilizar en esta moneda.',
    card_velocity_exceeded: 'Esta tarjeta ha alcanzado su límite.',
    withdrawal_count_limit_exceeded: 'Esta tarjeta ha alcanzado su límite.',
    authentication_required: 'Su banco quiere que confirme el pago.',
    authentication_failed: 'El pago no se ha confirmado con su banco.',
    issuer_not_available: 'No se ha podido contactar con su banco.',
    processing_error: 'Su banco no ha podido procesar el pago en este momento.',
    try_again_later: 'Su banco no ha podido procesar el pago en este momento.',
  },
};
