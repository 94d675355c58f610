import { createCheckout, describe, httpMerchant } from 'payonce';
import { mockWallet } from 'payonce/wallets/mock';

const wallet = mockWallet();
const checkout = await createCheckout({ wallet, merchant: httpMerchant({ url: '' }) });
const pay = document.getElementById('pay');

function render() {
  const { state, canPay, notices } = checkout.getSnapshot();
  pay.disabled = !canPay;
  document.getElementById('told').textContent = [state, ...notices.map((notice) => describe(notice))].join(': ');
}

checkout.subscribe(render);
checkout.setCart({ currency: 'EUR', lines: [{ id: 'mug', quantity: 1, unitAmount: 990 }], total: 990 });
pay.addEventListener('click', () => checkout.openSheet() && wallet.approve());
render();
