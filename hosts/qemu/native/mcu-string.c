/*
 * memset, memcpy and memmove a word at a time. XS clears each function's variables with the first and the byte loops
 * copy with the last; picolibc's are built for size and move bytes one by one.
 */
#include <stddef.h>
#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) Word;

#define IS_ALIGNED(POINTER) (((uintptr_t)(POINTER) & 3) == 0)

void *memset(void *target, int value, size_t length) {
	uint8_t *to = target;
	uint32_t word = (uint8_t)value * 0x01010101u;
	for (; length > 0 && !IS_ALIGNED(to); length--) *to++ = (uint8_t)value;
	for (; length >= 16; length -= 16, to += 16) {
		Word *words = (Word *)to;
		words[0] = word;
		words[1] = word;
		words[2] = word;
		words[3] = word;
	}
	for (; length >= 4; length -= 4, to += 4) *(Word *)to = word;
	for (; length > 0; length--) *to++ = (uint8_t)value;
	return target;
}

static void copyAligned(uint8_t *to, const uint8_t *from, size_t words) {
	Word *t = (Word *)to;
	const Word *f = (const Word *)from;
	for (; words >= 8; words -= 8, t += 8, f += 8) {
		Word a = f[0], b = f[1], c = f[2], d = f[3];
		t[0] = a;
		t[1] = b;
		t[2] = c;
		t[3] = d;
		a = f[4], b = f[5], c = f[6], d = f[7];
		t[4] = a;
		t[5] = b;
		t[6] = c;
		t[7] = d;
	}
	while (words-- > 0) *t++ = *f++;
}

/* Whole words are read, the wanted bytes of two neighbours put together. Never reads a word without wanted bytes. */
static void copyShifted(uint8_t *to, const uint8_t *from, size_t words) {
	uint32_t shift = ((uintptr_t)from & 3) * 8;
	const Word *f = (const Word *)((uintptr_t)from & ~(uintptr_t)3);
	Word *t = (Word *)to;
	uint32_t low = *f++;
	while (words-- > 0) {
		uint32_t high = *f++;
		*t++ = low >> shift | high << (32 - shift);
		low = high;
	}
}

void *memcpy(void *restrict target, const void *restrict source, size_t length) {
	uint8_t *to = target;
	const uint8_t *from = source;
	if (length >= 8) {
		size_t words;
		for (; !IS_ALIGNED(to); length--) *to++ = *from++;
		words = length / 4;
		if (IS_ALIGNED(from))
			copyAligned(to, from, words);
		else
			copyShifted(to, from, words);
		to += words * 4;
		from += words * 4;
		length -= words * 4;
	}
	while (length-- > 0) *to++ = *from++;
	return target;
}

/* Going up is right unless the target begins inside of the source. */
void *memmove(void *target, const void *source, size_t length) {
	uint8_t *to = target;
	const uint8_t *from = source;
	if ((uintptr_t)to - (uintptr_t)from >= length && (to >= from || from - to >= 8)) return memcpy(target, source, length);
	if (to < from) {
		while (length-- > 0) *to++ = *from++;
		return target;
	}
	while (length-- > 0) to[length] = from[length];
	return target;
}
