/** Puts one frame into the link's send queue, which copies it; false when the queue is full. */
export type Transmit = (b: Uint8Array, at: number, length: number) => boolean;
