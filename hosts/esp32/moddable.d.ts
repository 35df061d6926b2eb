/**
 * What the ESP32 host uses of the Moddable SDK, so that it can be checked without one. A build by mcconfig checks the
 * same files against the SDK's own declarations.
 */

/** A host function of C, named at compile time: xsc puts it where the function that calls it stands. */
declare function native(name: string): (...args: unknown[]) => unknown;

/** ECMA-419 section 10.10. */
declare module 'embedded:io/spi' {
  interface SpiOptions {
    /** Numbers of pins. */
    readonly clock: number;
    readonly in: number;
    readonly out: number;
    /** ESP32: 1 is SPI2, 2 is SPI3. */
    readonly port: number;
    readonly hz: number;
    readonly mode: number;
  }
  export default class SPI {
    constructor(options: SpiOptions);
    write(buffer: Uint8Array): void;
    /** Sends the buffer and stores in it what comes back. */
    transfer(buffer: Uint8Array): void;
  }
}

/** ECMA-419 section 10.4. */
declare module 'embedded:io/digital' {
  export default class Digital {
    static readonly Output: number;
    constructor(options: { readonly pin: number; readonly mode: number; readonly initialValue: 0 | 1 });
    write(value: 0 | 1): void;
  }
}

declare module 'timer' {
  export default class Timer {
    static repeat: (callback: () => void, intervalMs: number) => unknown;
  }
}

/** "config" of the manifests, and NAME=VALUE arguments of mcconfig. */
declare module 'mc/config' {
  const config: Record<string, unknown>;
  export default config;
}
