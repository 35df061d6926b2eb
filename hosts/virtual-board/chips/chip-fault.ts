/**
 * A driver did to an emulated chip what the chip's datasheet forbids, or what the model lacks. It is a defect of
 * the driver, or a gap of the model, and never passes in silence.
 */
export class ChipFault extends Error {
  override readonly name = 'ChipFault';
}
