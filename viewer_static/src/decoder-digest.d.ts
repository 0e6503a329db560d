/** Subresource Integrity of the decoders, by the build (vite.config.ts). */
declare const __DECODER_DIGESTS__: Readonly<
  Record<'jpeg' | 'jpegLs' | 'jpeg2000' | 'highThroughput' | 'jpegXl', string>
>;
