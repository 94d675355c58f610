import type { Locale } from '../describe.js';

/** French, with the formal address. */
export const fr: Locale = {
  language: 'fr',
  notices: {
    cart_changed: 'Votre panier a changé. Veuillez vérifier le nouveau total avant de payer.',
    fresh_token_needed:
      'Cette autorisation a déjà été utilisée et ne peut pas servir deux fois. Veuillez choisir une carte et confirmer à nouveau.',
    payment_declined: 'Votre paiement a été refusé et vous n’avez pas été débité. {reason} {advice}',
    payment_rejected: 'Votre paiement n’a pas pu être accepté et vous n’avez pas été débité. {reason}',
    payment_not_made:
      'Votre paiement n’a pas abouti et vous n’avez pas été débité. Vous pouvez payer à nouveau sans risque.',
    checking_payment: 'Nous vérifions votre paiement. Cela peut prendre un instant.',
    do_not_pay_again:
      'Veuillez ne pas payer une deuxième fois. Nous vérifions votre paiement et afficherons le résultat ici.',
    payment_received: 'Merci. Nous avons bien reçu votre paiement.',
    earlier_cart_paid:
      'Nous avons bien reçu votre paiement pour le panier tel qu’il était au moment de payer. Vos modifications ultérieures ne sont pas comprises et n’ont pas été débitées.',
    charged_twice:
      'Deux paiements ont été effectués pour cet achat. Veuillez nous contacter afin que nous puissions vous rembourser l’un des deux.',
    sheet_unavailable:
      'La fenêtre de paiement n’a pas pu s’afficher. Veuillez réessayer ou choisir un autre moyen de paiement.',
    another_sheet_open:
      'Une fenêtre de paiement est déjà ouverte, peut-être dans un autre onglet. Veuillez d’abord y terminer le paiement ou la fermer.',
    action_required: 'Votre banque vous demande de confirmer ce paiement.',
    offline: 'Vous êtes hors ligne. Nous reprendrons dès que vous serez de nouveau en ligne.',
    record_unavailable:
      'Ce navigateur ne nous permet pas d’enregistrer ce qui vous protège d’un double paiement. Veuillez autoriser ce site à enregistrer des données ou utiliser un autre navigateur.',
    another_tab_pays: 'Un paiement est en cours dans un autre onglet. Le résultat s’affichera ici aussi.',
  },
  advice: {
    try_again_later: 'Veuillez réessayer plus tard ou utiliser une autre carte.',
    other_card: 'Veuillez utiliser une autre carte.',
    correct_details: 'Veuillez vérifier les informations saisies et réessayer.',
    do_not_retry: 'Veuillez choisir un autre moyen de paiement.',
  },
  reasons: {
    insufficient_funds: 'Les fonds disponibles sur cette carte sont insuffisants.',
    expired_card: 'Cette carte a expiré.',
    incorrect_cvc: 'Le code de sécurité est incorrect.',
    invalid_cvc: 'Le code de sécurité est incorrect.',
    incorrect_number: 'Le numéro de carte est incorrect.',
    invalid_number: 'Le numéro de carte est incorrect.',
    invalid_expiry: 'La date d’expiration est incorrecte.',
    invalid_expiry_month: 'La date d’expiration est incorrecte.',
    invalid_expiry_year: 'La date d’expiration est incorrecte.',
    incorrect_pin: 'Le code confidentiel est incorrect.',
    invalid_pin: 'Le code confidentiel est incorrect.',
    incorrect_zip: 'Le code postal ne correspond pas à cette carte.',
    postcode_invalid: 'Le code postal ne correspond pas à cette carte.',
    incorrect_address: 'L’adresse ne correspond pas à cette carte.',
    card_not_supported: 'Cette carte ne peut pas être utilisée pour cet achat.',
    currency_not_supported: 'Cette carte ne peut pas être utilisée dans cette devise.',
    card_velocity_exceeded: 'Cette carte a atteint son plafond.',
    withdrawal_count_limit_exceeded: 'Cette carte a atteint son plafond.',
    authentication_required: 'Votre banque souhaite que vous confirmiez le paiement.',
    authentication_failed: 'Le paiement n’a pas été confirmé auprès de votre banque.',
    issuer_not_available: 'Votre banque n’a pas pu être jointe.',
    processing_error: 'Votre banque n’a pas pu traiter le paiement pour le moment.',
    try_again_later: 'Votre banque n’a pas pu traiter le paiement pour le moment.',
  },
};
