/** Subresource Integrity of the HTJ2K decoder, by the build (vite.config.ts). */
declare const __DECODER_DIGEST__: string;
