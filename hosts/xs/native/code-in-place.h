/*
 * Byte code that is executed where it lies, as in the flash of a board. Include xsAll.h first.
 */
#ifndef ATCP_CODE_IN_PLACE_H
#define ATCP_CODE_IN_PLACE_H

static inline txByte atcpInPlace(txByte code) {
	switch ((txU1)code) {
	case XS_CODE_CODE_1:
		return (txByte)XS_CODE_CODE_ARCHIVE_1;
	case XS_CODE_CODE_2:
		return (txByte)XS_CODE_CODE_ARCHIVE_2;
	case XS_CODE_CODE_4:
		return (txByte)XS_CODE_CODE_ARCHIVE_4;
	case XS_CODE_STRING_1:
		return (txByte)XS_CODE_STRING_ARCHIVE_1;
	case XS_CODE_STRING_2:
		return (txByte)XS_CODE_STRING_ARCHIVE_2;
	case XS_CODE_STRING_4:
		return (txByte)XS_CODE_STRING_ARCHIVE_4;
	default:
		return code;
	}
}

/** Exchanges the instructions that copy a function's code or a string to the heap for those that point at it. */
static inline void atcpUseCodeInPlace(txByte *p, const txByte *end) {
	while (p < end) {
		txS1 size = gxCodeSizes[(txU1)*p];
		*p = atcpInPlace(*p);
		if (size > 0)
			p += size;
		else if (size == 0)
			p += 1 + sizeof(txID);
		else if (size == -1) {
			p += 2 + *(txU1 *)(p + 1);
		} else if (size == -2) {
			txU2 bytes;
			p++;
			mxDecode2(p, bytes);
			p += bytes;
		} else {
			txS4 bytes;
			p++;
			mxDecode4(p, bytes);
			p += bytes;
		}
	}
}

#endif
