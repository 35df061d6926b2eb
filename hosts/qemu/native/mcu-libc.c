/*
 * What picolibc leaves to the host. Nothing prints through stdio: the console has functions of its own.
 */
#include "mcu-host.h"

#include <stdio.h>
#include <sys/time.h>

static int dropByte(char byte, FILE *file) {
	(void)file;
	return (unsigned char)byte;
}

static FILE nowhere = FDEV_SETUP_STREAM(dropByte, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdin = &nowhere;
FILE *const stdout = &nowhere;
FILE *const stderr = &nowhere;

/* Time since power-on: the board has no calendar, and the firmware asks for none. */
int gettimeofday(struct timeval *now, void *zone) {
	uint64_t us = atcpNowUs();
	(void)zone;
	now->tv_sec = (time_t)(us / 1000000);
	now->tv_usec = (suseconds_t)(us % 1000000);
	return 0;
}

void _exit(int status) {
	(void)status;
	atcpCrash("the C library gave up");
}
