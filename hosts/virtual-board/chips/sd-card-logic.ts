/**
 * What an SD card does with commands and blocks, apart from the time and the wire: see sd-card-model.ts for the
 * references and for what is left out.
 */
import { crc16, crc7 } from '../../../src/wire/byte-loops.js';
import { ChipFault } from './chip-fault.js';
import { CSD_BYTES, highCapacity, standardCapacity, writeCsd } from './sd-card-csd.js';

/** [SD] 7.3.2.1, R1. */
const R1 = Object.freeze({
  inIdleState: 1 << 0,
  illegalCommand: 1 << 2,
  comCrcError: 1 << 3,
  addressError: 1 << 5,
  parameterError: 1 << 6,
} as const);

/** [SD] 7.3.2.3, second byte of R2. */
const R2_ERROR = 1 << 2;

/** [SD] 7.3.3.2: begins every block that the card sends. */
const START_BLOCK = 0xfe;

/** [SD] 7.3.3.3. */
export const DataError = Object.freeze({
  error: 0x01,
  ccError: 0x02,
  cardEccFailed: 0x04,
  outOfRange: 0x08,
} as const);

/** [SD] 7.3.3.1, with the three undefined bits set. */
export const DataResponse = Object.freeze({ accepted: 0xe5, crcError: 0xeb, writeError: 0xed } as const);

/** [SD] 5.1: 2.7–3.6 V; and in the first byte bit 31, ready, and bit 30, CCS. */
const OCR_VOLTAGES_HIGH = 0xff;
const OCR_VOLTAGES_LOW = 0x80;
const OCR_READY = 1 << 7;
const OCR_CCS = 1 << 6;

/** [SD] 7.2.1, first byte of ACMD41's argument. */
const HCS = 1 << 6;
/** [SD] 4.3.13, VHS of CMD8: 2.7–3.6 V. */
const VHS_27_36 = 0b0001;

export const BLOCK_BYTES = 512;
/** Token, data, CRC16. */
export const BLOCK_FRAME_BYTES = 1 + BLOCK_BYTES + 2;

/** What follows the response to a command. */
export const After = Object.freeze({
  /** The command got no response at all. */
  silence: 0,
  nothing: 1,
  /** The card sends blocks: {@link SdCardLogic.nextBlock}. */
  read: 2,
  /** The card waits for blocks: {@link SdCardLogic.acceptBlock}. */
  write: 3,
  /** Busy, then nothing. */
  stop: 4,
} as const);
export type After = (typeof After)[keyof typeof After];

export interface SdCardStorage {
  readonly sectorCount: number;
  read(sector: number, count: number, b: Uint8Array, at: number): boolean;
  write(sector: number, count: number, b: Uint8Array, at: number): boolean;
}

export interface SdCardModelOptions {
  readonly storage: SdCardStorage;
  /** SDHC or SDXC; without it, true for more than 2 GB. */
  readonly highCapacity?: boolean;
  /** Version of the specification that an SDSC card follows; 2 unless given. */
  readonly version?: 1 | 2;
}

/** Defects of a card; tests change them at will. */
export class SdCardFaults {
  /** So many times a block is sent with a wrong CRC: that of `damagedSector`, or with -1 any, the CSD too. */
  damagedReads = 0;
  damagedSector = -1;
  /** So many times `refusal`, a {@link DataError}, stands in place of the block of `refusedSector`. */
  refusals = 0;
  refusedSector = -1;
  refusal: number = DataError.cardEccFailed;
  /** After so many more blocks that are accepted … */
  writesBeforeRejection = 0;
  /** … so many are answered with `rejection`, a {@link DataResponse}. */
  rejections = 0;
  rejection: number = DataResponse.crcError;
  /** The next CMD13 reports an error. */
  writeLost = false;
  endlessBusy = false;
  /** No block is ever sent. */
  endlessRead = false;
  /** So many more commands arrive damaged, once CRC is on. */
  damagedCommands = 0;
  /** The next command of this index gets no response and has no effect. */
  ignoredCommand = -1;
  /** A read is gone when chip select goes high while the card owes a block. */
  forgetfulReads = false;
  /** ACMD41 says idle for ever. */
  neverReady = false;
}

export class SdCardLogic {
  readonly sectorCount: number;
  readonly faults = new SdCardFaults();
  readonly commands = new Uint32Array(64);
  readonly appCommands = new Uint32Array(64);
  /** The response to the last command. */
  readonly response = new Uint8Array(5);
  responseBytes = 0;
  /** How often ACMD41 still says idle. */
  initialisationPolls = 2;
  spiMode = false;
  initialised = false;
  /** CMD18 or CMD25 runs, not CMD17 or CMD24. */
  multiple = false;
  /** The block to send is the CSD, not a sector. */
  sendsCsd = false;

  readonly #storage: SdCardStorage;
  readonly #isHighCapacity: boolean;
  readonly #version: 1 | 2;
  readonly #csd = new Uint8Array(CSD_BYTES);
  readonly #defaultBlockLength: number;
  #crcOn = false;
  #sawInterfaceCondition = false;
  #polls = 0;
  #hostSupportsHighCapacity = false;
  #appCommand = false;
  #blockLength = 0;
  #sector = 0;

  constructor(options: SdCardModelOptions) {
    this.#storage = options.storage;
    const sectors = options.storage.sectorCount;
    this.#isHighCapacity = options.highCapacity ?? sectors > 4_194_304;
    this.#version = options.version ?? 2;
    if (this.#isHighCapacity && this.#version === 1)
      throw new RangeError('High capacity cards follow version 2 of the specification: leave version away');
    const capacity = this.#isHighCapacity ? highCapacity(sectors) : standardCapacity(sectors);
    this.sectorCount = capacity.sectorCount;
    this.#defaultBlockLength = 1 << capacity.readBlLen;
    writeCsd(this.#csd, 0, capacity, this.#isHighCapacity);
  }

  powerOn(): void {
    this.spiMode = false;
    this.#goIdle();
  }

  /** Executes a command of six bytes; `stoppable` says whether there is something that CMD12 can stop. */
  execute(frame: Uint8Array, stoppable: boolean): After {
    const index = frame[0]! & 0x3f;
    const intact = frame[5] === (crc7(frame, 0, 5, 0) | 0x01);
    // [SD] 7.2.1 and 7.2.2: in SD mode only a CMD0 with its CRC is heard on the SPI pins.
    if (!this.spiMode && (index !== 0 || !intact)) return After.silence;
    if (this.faults.ignoredCommand === index) {
      this.faults.ignoredCommand = -1;
      return After.silence;
    }
    // [SD] 7.2.2: CMD8's CRC is always checked.
    if (this.#crcOn || index === 8) {
      const damaged = this.faults.damagedCommands > 0;
      if (damaged) this.faults.damagedCommands--;
      if (damaged || !intact) return this.#respond(R1.comCrcError, After.nothing);
    }
    const isApp = this.#appCommand;
    this.#appCommand = false;
    if (isApp && index === 41) {
      this.appCommands[index]!++;
      return this.#sendOpCond((frame[1]! & HCS) !== 0);
    }
    this.commands[index]!++;
    return this.initialised ? this.#transfer(index, frame, stoppable) : this.#identify(index, frame);
  }

  /** Puts the next block, or a data error token, into `b`; returns the number of bytes to send. */
  nextBlock(b: Uint8Array): number {
    const faults = this.faults;
    const sector = this.sendsCsd ? -1 : this.#sector;
    const bytes = this.sendsCsd ? CSD_BYTES : BLOCK_BYTES;
    if (this.sendsCsd) b.set(this.#csd, 1);
    else {
      const error = this.#fetchSector(b);
      if (error !== 0) {
        b[0] = error;
        return 1;
      }
    }
    b[0] = START_BLOCK;
    let crc = crc16(b, 1, bytes, 0);
    if (faults.damagedReads > 0 && (faults.damagedSector === -1 || faults.damagedSector === sector)) {
      faults.damagedReads--;
      crc ^= 0x0100;
    }
    b[1 + bytes] = crc >>> 8;
    b[2 + bytes] = crc;
    return 1 + bytes + 2;
  }

  /** Takes the block behind its token in `b`; returns the data response. */
  acceptBlock(b: Uint8Array): number {
    const faults = this.faults;
    const crc = (b[1 + BLOCK_BYTES]! << 8) | b[2 + BLOCK_BYTES]!;
    if (this.#crcOn && crc !== crc16(b, 1, BLOCK_BYTES, 0)) return DataResponse.crcError;
    if (faults.rejections > 0) {
      if (faults.writesBeforeRejection > 0) faults.writesBeforeRejection--;
      else {
        faults.rejections--;
        return faults.rejection;
      }
    }
    if (this.#sector >= this.sectorCount) return DataResponse.writeError;
    if (!this.#storage.write(this.#sector, 1, b, 1)) return DataResponse.writeError;
    this.#sector++;
    return DataResponse.accepted;
  }

  #fetchSector(b: Uint8Array): number {
    const sector = this.#sector++;
    if (sector >= this.sectorCount) return DataError.outOfRange;
    if (sector === this.faults.refusedSector && this.faults.refusals > 0) {
      this.faults.refusals--;
      return this.faults.refusal;
    }
    return this.#storage.read(sector, 1, b, 1) ? 0 : DataError.error;
  }

  #goIdle(): void {
    this.initialised = false;
    this.#crcOn = false;
    this.#sawInterfaceCondition = false;
    this.#polls = 0;
    this.#appCommand = false;
    this.#blockLength = this.#defaultBlockLength;
  }

  /** [SD] 7.3.2: an illegal or damaged command gets the first byte of a longer response only. */
  #respond(errors: number, after: After): After {
    this.response[0] = errors | (this.initialised ? 0 : R1.inIdleState);
    this.responseBytes = 1;
    return after;
  }

  #illegal(): After {
    return this.#respond(R1.illegalCommand, After.nothing);
  }

  /** [SD] 7.2.7: the commands of the idle state. */
  #identify(index: number, frame: Uint8Array): After {
    switch (index) {
      case 0:
      case 55:
      case 58:
      case 59:
        return this.#common(index, frame);
      case 8:
        return this.#sendIfCond(frame);
      default:
        return this.#illegal();
    }
  }

  #common(index: number, frame: Uint8Array): After {
    switch (index) {
      case 0:
        this.spiMode = true;
        this.#goIdle();
        break;
      case 55:
        this.#appCommand = true;
        break;
      case 58:
        return this.#readOcr();
      case 59:
        this.#crcOn = (frame[4]! & 1) !== 0;
        break;
    }
    return this.#respond(0, After.nothing);
  }

  /** [SD] 7.3.1.4. */
  #sendIfCond(frame: Uint8Array): After {
    if (this.#version === 1) return this.#illegal();
    this.#sawInterfaceCondition = true;
    this.#respond(0, After.nothing);
    this.response[1] = 0;
    this.response[2] = 0;
    this.response[3] = (frame[3]! & 0x0f) === VHS_27_36 ? VHS_27_36 : 0;
    this.response[4] = frame[4]!;
    this.responseBytes = 5;
    return After.nothing;
  }

  /** [SD] 7.2.1: HCS counts at the first ACMD41, and only after CMD8; without it a high capacity card stays idle. */
  #sendOpCond(hcs: boolean): After {
    if (this.#polls === 0) this.#hostSupportsHighCapacity = hcs && this.#sawInterfaceCondition;
    this.#polls++;
    const willing = !this.#isHighCapacity || this.#hostSupportsHighCapacity;
    if (willing && !this.faults.neverReady && this.#polls > this.initialisationPolls) this.initialised = true;
    return this.#respond(0, After.nothing);
  }

  /** [SD] 7.3.2.4 and 5.1. */
  #readOcr(): After {
    this.#respond(0, After.nothing);
    const ccs = this.#isHighCapacity && this.#sawInterfaceCondition ? OCR_CCS : 0;
    this.response[1] = this.initialised ? OCR_READY | ccs : 0;
    this.response[2] = OCR_VOLTAGES_HIGH;
    this.response[3] = OCR_VOLTAGES_LOW;
    this.response[4] = 0;
    this.responseBytes = 5;
    return After.nothing;
  }

  #transfer(index: number, frame: Uint8Array, stoppable: boolean): After {
    const argument = ((frame[1]! << 24) | (frame[2]! << 16) | (frame[3]! << 8) | frame[4]!) >>> 0;
    switch (index) {
      case 0:
      case 55:
      case 58:
      case 59:
        return this.#common(index, frame);
      case 8:
        return this.#sendIfCond(frame);
      case 9:
        this.sendsCsd = true;
        this.multiple = false;
        return this.#respond(0, After.read);
      case 12:
        // [SD] 4.20.6: illegal in the transfer state.
        return stoppable ? this.#respond(0, After.stop) : this.#illegal();
      case 13:
        return this.#sendStatus();
      case 16:
        return this.#setBlockLength(argument);
      case 17:
      case 18:
        this.sendsCsd = false;
        return this.#begin(index === 18, argument, After.read);
      case 24:
      case 25:
        return this.#begin(index === 25, argument, After.write);
      default:
        return this.#illegal();
    }
  }

  /** [SD] 7.3.2.3; error bits are cleared as they are read, [SD] 7.3.4. */
  #sendStatus(): After {
    this.#respond(0, After.nothing);
    this.response[1] = this.faults.writeLost ? R2_ERROR : 0;
    this.faults.writeLost = false;
    this.responseBytes = 2;
    return After.nothing;
  }

  /** [SD] 7.3.1.3: has no effect on the data of a high capacity card. */
  #setBlockLength(length: number): After {
    if (length === 0 || length > BLOCK_BYTES) return this.#respond(R1.parameterError, After.nothing);
    if (!this.#isHighCapacity) this.#blockLength = length;
    return this.#respond(0, After.nothing);
  }

  #begin(multiple: boolean, address: number, after: After): After {
    if (this.#blockLength !== BLOCK_BYTES)
      throw new ChipFault(`blocks of ${this.#blockLength} bytes are not modelled: send CMD16 with 512 first`);
    if (!this.#isHighCapacity && address % BLOCK_BYTES !== 0)
      return this.#respond(R1.addressError, After.nothing);
    const sector = this.#isHighCapacity ? address : address / BLOCK_BYTES;
    if (sector >= this.sectorCount) return this.#respond(R1.parameterError, After.nothing);
    this.multiple = multiple;
    this.#sector = sector;
    return this.#respond(0, after);
  }
}
