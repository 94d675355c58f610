import { cartHash, init } from 'payonce';

addEventListener('message', async ({ data }) => {
  await init();
  postMessage(cartHash(data));
});
