import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const merchant = process.env['MERCHANT'] ?? '';

export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/attempts': merchant, '/sessions': merchant } },
});
