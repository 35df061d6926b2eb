/*
 * The loops of src/wire/byte-loops.ts in C, with the same names, arguments and results; the TypeScript is the
 * reference. What differs: a range outside its array throws a RangeError, and copy() takes any overlap.
 */
#include "byte-loops.h"
#include "host-bytes.h"

#include <string.h>

/*
 * A CRC table is linear: entry(a ^ b) = entry(a) ^ entry(b). So eight constants, the entries of the powers of
 * two, make the 256 entries at compile time.
 */
#define BIT(I, N, VALUE) ((((I) >> (N)) & 1) * (VALUE))
#define LINEAR(I, E0, E1, E2, E3, E4, E5, E6, E7) \
	(BIT(I, 0, E0) ^ BIT(I, 1, E1) ^ BIT(I, 2, E2) ^ BIT(I, 3, E3) ^ BIT(I, 4, E4) ^ BIT(I, 5, E5) ^ \
	 BIT(I, 6, E6) ^ BIT(I, 7, E7))
#define ROW4(ENTRY, I) ENTRY(I), ENTRY((I) + 1), ENTRY((I) + 2), ENTRY((I) + 3)
#define ROW16(ENTRY, I) ROW4(ENTRY, I), ROW4(ENTRY, (I) + 4), ROW4(ENTRY, (I) + 8), ROW4(ENTRY, (I) + 12)
#define ROW64(ENTRY, I) ROW16(ENTRY, I), ROW16(ENTRY, (I) + 16), ROW16(ENTRY, (I) + 32), ROW16(ENTRY, (I) + 48)
#define TABLE(ENTRY) {ROW64(ENTRY, 0), ROW64(ENTRY, 64), ROW64(ENTRY, 128), ROW64(ENTRY, 192)}

/* x^7 + x^3 + 1 in the upper seven bits [SD] 4.5. */
#define CRC7(I) LINEAR(I, 0x12u, 0x24u, 0x48u, 0x90u, 0x32u, 0x64u, 0xc8u, 0x82u)
static const uint8_t crc7Table[256] = TABLE(CRC7);

/*
 * The long CRCs take four bytes a step: table n gives what a byte contributes that n more bytes follow
 * (Kounavis & Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation").
 */

/* x^16 + x^12 + x^5 + 1 [SD] 4.5. */
#define CRC16_0(I) LINEAR(I, 0x1021u, 0x2042u, 0x4084u, 0x8108u, 0x1231u, 0x2462u, 0x48c4u, 0x9188u)
#define CRC16_1(I) LINEAR(I, 0x3331u, 0x6662u, 0xccc4u, 0x89a9u, 0x0373u, 0x06e6u, 0x0dccu, 0x1b98u)
#define CRC16_2(I) LINEAR(I, 0x3730u, 0x6e60u, 0xdcc0u, 0xa9a1u, 0x4363u, 0x86c6u, 0x1dadu, 0x3b5au)
#define CRC16_3(I) LINEAR(I, 0x76b4u, 0xed68u, 0xcaf1u, 0x85c3u, 0x1ba7u, 0x374eu, 0x6e9cu, 0xdd38u)
static const uint16_t crc16Table0[256] = TABLE(CRC16_0);
static const uint16_t crc16Table1[256] = TABLE(CRC16_1);
static const uint16_t crc16Table2[256] = TABLE(CRC16_2);
static const uint16_t crc16Table3[256] = TABLE(CRC16_3);

/* Castagnoli, reflected (RFC 3720 B.4). */
#define CRC32C_0(I) \
	LINEAR(I, 0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, 0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu, 0x82f63b78u)
#define CRC32C_1(I) \
	LINEAR(I, 0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, 0x3fc5f181u, 0x7f8be302u, 0xff17c604u, 0xfbc3faf9u)
#define CRC32C_2(I) \
	LINEAR(I, 0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, 0x70a27d8au, 0xe144fb14u, 0xc76580d9u, 0x8b277743u)
#define CRC32C_3(I) \
	LINEAR(I, 0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, 0xe964b13du, 0xd725148bu, 0xaba65fe7u, 0x52a0c93fu)
static const uint32_t crc32cTable0[256] = TABLE(CRC32C_0);
static const uint32_t crc32cTable1[256] = TABLE(CRC32C_1);
static const uint32_t crc32cTable2[256] = TABLE(CRC32C_2);
static const uint32_t crc32cTable3[256] = TABLE(CRC32C_3);

/* XS calculates fastest with 32-bit integers; only larger results become floating-point numbers. */
static void setUnsigned(xsMachine *the, uint32_t value) {
	if (value <= 0x7fffffffu)
		xsmcSetInteger(xsResult, (xsIntegerValue)value);
	else
		xsmcSetNumber(xsResult, value);
}

void xs_bytes_copy(xsMachine *the) {
	xsIntegerValue fromAt, toAt, length;
	const uint8_t *from;
	atcpExpect(the, 5);
	fromAt = atcpInteger(1);
	toAt = atcpInteger(3);
	length = atcpInteger(4);
	from = atcpReadable(0, fromAt, length);
	memmove(atcpWritable(2, toAt, length), from, (size_t)length);
}

void xs_bytes_fill(xsMachine *the) {
	xsIntegerValue at, length;
	uint8_t value;
	atcpExpect(the, 4);
	at = atcpInteger(1);
	length = atcpInteger(2);
	value = (uint8_t)atcpInteger(3);
	memset(atcpWritable(0, at, length), value, (size_t)length);
}

void xs_bytes_equal(xsMachine *the) {
	xsIntegerValue aAt, bAt, length;
	const uint8_t *a;
	atcpExpect(the, 5);
	aAt = atcpInteger(1);
	bAt = atcpInteger(3);
	length = atcpInteger(4);
	a = atcpReadable(0, aAt, length);
	xsmcSetBoolean(xsResult, memcmp(a, atcpReadable(2, bAt, length), (size_t)length) == 0);
}

#define isLittleEndian (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

static uint32_t fold(uint64_t sum) {
	while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

/*
 * The sum in the machine's own byte order, most of it a word at a time, turned around at the end (RFC 1071
 * section 2 B); a start at an odd address turns it once more.
 */
static uint32_t sumOfBytes(const uint8_t *b, size_t length) {
	uint64_t sum = 0;
	int swap = isLittleEndian;
	if (length > 0 && ((uintptr_t)b & 1)) {
		sum = isLittleEndian ? (uint32_t)*b << 8 : *b;
		swap = !swap;
		b++;
		length--;
	}
	if (length >= 2 && ((uintptr_t)b & 2)) {
		sum += *(const uint16_t *)__builtin_assume_aligned(b, 2);
		b += 2;
		length -= 2;
	}
	for (; length >= 16; b += 16, length -= 16) {
		const uint32_t *word = __builtin_assume_aligned(b, 4);
		sum += word[0];
		sum += word[1];
		sum += word[2];
		sum += word[3];
	}
	for (; length >= 2; b += 2, length -= 2) sum += *(const uint16_t *)__builtin_assume_aligned(b, 2);
	if (length) sum += isLittleEndian ? *b : (uint32_t)*b << 8;
	sum = fold(sum);
	return swap ? (uint32_t)((sum & 0xff) << 8 | sum >> 8) : (uint32_t)sum;
}

/* The sum to start from, in argument `index`: mostly an XS integer. */
static uint64_t sumArgument(xsMachine *the, int index) {
	xsNumberValue start = atcpNumber(index);
	if (!((start >= 0) && (start <= 9007199254740991.0)))
		xsRangeError("the sum to start from must be an integer from 0 to 2^53 - 1");
	return (uint64_t)start;
}

void xs_bytes_sum16(xsMachine *the) {
	xsIntegerValue at, length;
	uint64_t start;
	atcpExpect(the, 4);
	at = atcpInteger(1);
	length = atcpInteger(2);
	start = sumArgument(the, 3);
	xsmcSetInteger(xsResult, (xsIntegerValue)fold(start + sumOfBytes(atcpReadable(0, at, length), (size_t)length)));
}

void xs_bytes_copy_sum16(xsMachine *the) {
	xsIntegerValue fromAt, toAt, length;
	uint64_t start;
	const uint8_t *from;
	uint8_t *to;
	atcpExpect(the, 6);
	fromAt = atcpInteger(1);
	toAt = atcpInteger(3);
	length = atcpInteger(4);
	start = sumArgument(the, 5);
	from = atcpReadable(0, fromAt, length);
	to = atcpWritable(2, toAt, length);
	memmove(to, from, (size_t)length);
	xsmcSetInteger(xsResult, (xsIntegerValue)fold(start + sumOfBytes(to, (size_t)length)));
}

static uint32_t be32(const uint8_t *b) {
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void putBe32(uint8_t *b, uint32_t value) {
	b[0] = (uint8_t)(value >> 24);
	b[1] = (uint8_t)(value >> 16);
	b[2] = (uint8_t)(value >> 8);
	b[3] = (uint8_t)value;
}

void xs_bytes_get16(xsMachine *the) {
	const uint8_t *b;
	atcpExpect(the, 2);
	b = atcpReadable(0, atcpInteger(1), 2);
	xsmcSetInteger(xsResult, b[0] << 8 | b[1]);
}

void xs_bytes_get32(xsMachine *the) {
	atcpExpect(the, 2);
	setUnsigned(the, be32(atcpReadable(0, atcpInteger(1), 4)));
}

void xs_bytes_get64(xsMachine *the) {
	const uint8_t *b;
	uint32_t high, low;
	atcpExpect(the, 2);
	b = atcpReadable(0, atcpInteger(1), 8);
	high = be32(b);
	low = be32(b + 4);
	if (high == 0)
		setUnsigned(the, low);
	else if (high == UINT32_MAX && low == UINT32_MAX)
		xsmcSetInteger(xsResult, -1);
	else
		xsmcSetNumber(xsResult, (xsNumberValue)high * 4294967296.0 + low);
}

void xs_bytes_put16(xsMachine *the) {
	uint32_t value;
	uint8_t *b;
	atcpExpect(the, 3);
	value = atcpUnsigned(2);
	b = atcpWritable(0, atcpInteger(1), 2);
	b[0] = (uint8_t)(value >> 8);
	b[1] = (uint8_t)value;
}

void xs_bytes_put32(xsMachine *the) {
	uint32_t value;
	atcpExpect(the, 3);
	value = atcpUnsigned(2);
	putBe32(atcpWritable(0, atcpInteger(1), 4), value);
}

void xs_bytes_put64(xsMachine *the) {
	int64_t value;
	uint8_t *b;
	atcpExpect(the, 3);
	if (xsmcTypeOf(atcpArgument(2)) == xsIntegerType)
		value = atcpInteger(2);
	else {
		xsNumberValue number = atcpNumber(2);
		if (!((number >= -1) && (number <= 9007199254740991.0))) xsRangeError("put64: not an integer from -1 to 2^53 - 1");
		value = (int64_t)number;
	}
	b = atcpWritable(0, atcpInteger(1), 8);
	putBe32(b, (uint32_t)((uint64_t)value >> 32));
	putBe32(b + 4, (uint32_t)value);
}

void xs_bytes_crc7(xsMachine *the) {
	xsIntegerValue at, length;
	uint8_t crc;
	const uint8_t *b, *end;
	atcpExpect(the, 4);
	at = atcpInteger(1);
	length = atcpInteger(2);
	crc = (uint8_t)atcpInteger(3);
	b = atcpReadable(0, at, length);
	for (end = b + length; b < end; b++) crc = crc7Table[crc ^ *b];
	xsmcSetInteger(xsResult, crc);
}

static uint32_t crc16Bytes(const uint8_t *b, const uint8_t *end, uint32_t crc) {
	for (; end - b >= 4; b += 4)
		crc = (uint32_t)(crc16Table3[(crc >> 8) ^ b[0]] ^ crc16Table2[(crc & 0xff) ^ b[1]] ^ crc16Table1[b[2]] ^
						 crc16Table0[b[3]]);
	for (; b < end; b++) crc = ((crc << 8) & 0xff00) ^ crc16Table0[(crc >> 8) ^ *b];
	return crc;
}

/*
 * Squaring a polynomial over GF(2) squares its terms, so the generator to the power 32, a multiple of it, is
 * x^512 + x^384 + x^160 + 1: whole words of 32 bits. A message modulo that has the same CRC and takes three XORs a
 * word: what the first of 16 words holds goes to the words 4, 11 and 16 behind it.
 */
#define ROW_BYTES 64
#define FOLD(N) w = s[N], s[((N) + 4) & 15] ^= w, s[((N) + 11) & 15] ^= w, s[N] = words[N] ^ w

uint32_t atcpCrc16(const uint8_t *b, size_t length, uint32_t crc) {
	const uint8_t *end = b + length;
	uint32_t s[ROW_BYTES / 4], w;
	if (((uintptr_t)b & 3) || length < 2 * ROW_BYTES) return crc16Bytes(b, end, crc);
	memcpy(s, b, ROW_BYTES);
	((uint8_t *)s)[0] ^= (uint8_t)(crc >> 8);
	((uint8_t *)s)[1] ^= (uint8_t)crc;
	for (b += ROW_BYTES; end - b >= ROW_BYTES; b += ROW_BYTES) {
		const uint32_t *words = __builtin_assume_aligned(b, 4);
		FOLD(0), FOLD(1), FOLD(2), FOLD(3), FOLD(4), FOLD(5), FOLD(6), FOLD(7);
		FOLD(8), FOLD(9), FOLD(10), FOLD(11), FOLD(12), FOLD(13), FOLD(14), FOLD(15);
	}
	crc = crc16Bytes((const uint8_t *)s, (const uint8_t *)(s + ROW_BYTES / 4), 0);
	return crc16Bytes(b, end, crc);
}

void xs_bytes_crc16(xsMachine *the) {
	xsIntegerValue at, length;
	uint32_t crc;
	atcpExpect(the, 4);
	at = atcpInteger(1);
	length = atcpInteger(2);
	crc = (uint16_t)atcpInteger(3);
	xsmcSetInteger(xsResult, (xsIntegerValue)atcpCrc16(atcpReadable(0, at, length), (size_t)length, crc));
}

/* The entry for byte N of a word: as an offset in bytes, which takes one shift and one mask. */
#define ENTRY_AT(TABLE, OFFSET) (*(const uint32_t *)((const uint8_t *)(TABLE) + ((OFFSET) & 0x3fc)))

static uint32_t crc32cWords(const uint8_t *b, const uint8_t *end, uint32_t state) {
	for (; b < end; b += 4) {
		uint32_t word = *(const uint32_t *)__builtin_assume_aligned(b, 4) ^ state;
		state = ENTRY_AT(crc32cTable3, word << 2) ^ ENTRY_AT(crc32cTable2, word >> 6) ^ ENTRY_AT(crc32cTable1, word >> 14) ^
				ENTRY_AT(crc32cTable0, word >> 22);
	}
	return state;
}

void xs_bytes_crc32c(xsMachine *the) {
	xsIntegerValue at, length;
	uint32_t state;
	const uint8_t *b, *end;
	atcpExpect(the, 4);
	at = atcpInteger(1);
	length = atcpInteger(2);
	state = ~(uint32_t)atcpUnsigned(3);
	b = atcpReadable(0, at, length);
	end = b + length;
	for (; b < end && ((uintptr_t)b & 3); b++) state = (state >> 8) ^ crc32cTable0[(state ^ *b) & 0xff];
	if (isLittleEndian) {
		const uint8_t *words = b + ((end - b) & ~3);
		state = crc32cWords(b, words, state);
		b = words;
	}
	for (; b < end; b++) state = (state >> 8) ^ crc32cTable0[(state ^ *b) & 0xff];
	setUnsigned(the, ~state);
}

static uint64_t le64(const uint8_t *b) {
	uint64_t value = 0;
	for (int i = 7; i >= 0; i--) value = value << 8 | b[i];
	return value;
}

static uint64_t rotateLeft(uint64_t x, int bits) {
	return x << bits | x >> (64 - bits);
}

typedef struct {
	uint64_t v0, v1, v2, v3;
} SipState;

static void sipRounds(SipState *s, int rounds) {
	while (rounds-- > 0) {
		s->v0 += s->v1;
		s->v1 = rotateLeft(s->v1, 13) ^ s->v0;
		s->v0 = rotateLeft(s->v0, 32);
		s->v2 += s->v3;
		s->v3 = rotateLeft(s->v3, 16) ^ s->v2;
		s->v0 += s->v3;
		s->v3 = rotateLeft(s->v3, 21) ^ s->v0;
		s->v2 += s->v1;
		s->v1 = rotateLeft(s->v1, 17) ^ s->v2;
		s->v2 = rotateLeft(s->v2, 32);
	}
}

static void sipWord(SipState *s, uint64_t word) {
	s->v3 ^= word;
	sipRounds(s, 2);
	s->v0 ^= word;
}

/* SipHash-2-4 as in the paper: "somepseudorandomlygeneratedbytes" xor key, words, length byte in the last word. */
static uint64_t sipHash24(const uint8_t *key, const uint8_t *b, size_t length) {
	uint64_t k0 = le64(key);
	uint64_t k1 = le64(key + 8);
	SipState s = {
		k0 ^ 0x736f6d6570736575u,
		k1 ^ 0x646f72616e646f6du,
		k0 ^ 0x6c7967656e657261u,
		k1 ^ 0x7465646279746573u,
	};
	const uint8_t *end = b + (length & ~(size_t)7);
	uint64_t last = (uint64_t)length << 56;
	for (; b < end; b += 8) sipWord(&s, le64(b));
	for (int i = 0; i < (int)(length & 7); i++) last |= (uint64_t)b[i] << (8 * i);
	sipWord(&s, last);
	s.v2 ^= 0xff;
	sipRounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void xs_bytes_sip_hash(xsMachine *the) {
	xsIntegerValue keyAt, at, length, outAt;
	const uint8_t *key, *b;
	uint8_t *out;
	uint64_t hash;
	atcpExpect(the, 7);
	keyAt = atcpInteger(1);
	at = atcpInteger(3);
	length = atcpInteger(4);
	outAt = atcpInteger(6);
	key = atcpReadable(0, keyAt, 16);
	b = atcpReadable(2, at, length);
	out = atcpWritable(5, outAt, 8);
	hash = sipHash24(key, b, (size_t)length);
	for (int i = 0; i < 8; i++) out[i] = (uint8_t)(hash >> (8 * i));
}
