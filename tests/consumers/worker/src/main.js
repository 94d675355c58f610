const worker = new Worker(new URL('./hash.js', import.meta.url), { type: 'module' });
worker.addEventListener('message', ({ data }) => (document.getElementById('hash').textContent = data));
worker.postMessage({ currency: 'EUR', lines: [{ id: 'mug', quantity: 1, unitAmount: 990 }], total: 990 });
