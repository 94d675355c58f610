import type { NextConfig } from 'next';

const merchant = process.env['MERCHANT'] ?? '';

export default {
  rewrites: async () =>
    ['/attempts', '/attempts/:path*', '/sessions/:path*'].map((source) => ({
      source,
      destination: merchant + source,
    })),
} satisfies NextConfig;
