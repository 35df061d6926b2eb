/*
 * The clock, the one wait of the main loop, and what outsiders ask of the process: to stop (SIGTERM, SIGINT, or
 * the end of standard input when that is watched) and to report (SIGUSR1).
 */
#include "posix-host.h"
#include "host-bytes.h"

#include <signal.h>
#include <sys/select.h>
#include <unistd.h>

/* The longest single sleep: system calls differ in what they take. Whoever has nothing to do sleeps again. */
#define SLEEP_US_MAX 3600e6

#define REQUEST_STOP 1
#define REQUEST_REPORT 2

static struct timespec start;
static volatile sig_atomic_t stopRequested;
static volatile sig_atomic_t reportRequested;
static int inputWatched;

static int64_t nowUs(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)(now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000;
}

void atcpStartClock(void) {
	clock_gettime(CLOCK_MONOTONIC, &start);
}

static void onSignal(int number) {
	if (number == SIGUSR1)
		reportRequested = 1;
	else if (stopRequested)
		_exit(128 + number); /* Asked twice: the program doesn't come round to it. */
	else
		stopRequested = 1;
}

void atcpCatchSignals(void) {
	struct sigaction action = {.sa_handler = onSignal};
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
}

/* Microseconds since the start; an XS integer for the first 35 minutes, a floating-point number from then on. */
void xs_posix_now_us(xsMachine *the) {
	int64_t now = nowUs();
	if (now <= INT32_MAX)
		xsmcSetInteger(xsResult, (xsIntegerValue)now);
	else
		xsmcSetNumber(xsResult, (xsNumberValue)now);
}

/* A set bit per request since the last call: 1 stop, 2 report. */
void xs_posix_requests(xsMachine *the) {
	xsmcSetInteger(xsResult, (stopRequested ? REQUEST_STOP : 0) | (reportRequested ? REQUEST_REPORT : 0));
	reportRequested = 0;
}

/* From now on the end of standard input, which the parent's end brings about too, is a request to stop. */
void xs_posix_watch_input(xsMachine *the) {
	(void)the;
	inputWatched = 1;
}

static void drainInput(void) {
	char dropped[256];
	if (read(STDIN_FILENO, dropped, sizeof(dropped)) == 0) {
		inputWatched = 0;
		stopRequested = 1;
	}
}

/* waitUntil(us): returns at that time, or before when a datagram or a request has arrived. */
void xs_posix_wait_until(xsMachine *the) {
	xsNumberValue remainingUs;
	struct timespec timeout;
	sigset_t awaited, before;
	fd_set readable;
	int socket = atcpDatagramSocket();
	int highest = socket;

	atcpExpect(the, 1);
	remainingUs = atcpNumber(0) - (xsNumberValue)nowUs();
	if (!(remainingUs > 0)) return;
	if (remainingUs > SLEEP_US_MAX) remainingUs = SLEEP_US_MAX;
	timeout.tv_sec = (time_t)(remainingUs / 1e6);
	timeout.tv_nsec = (long)((remainingUs - (xsNumberValue)timeout.tv_sec * 1e6) * 1e3);
	FD_ZERO(&readable);
	if (socket >= 0) FD_SET(socket, &readable);
	if (inputWatched) {
		FD_SET(STDIN_FILENO, &readable);
		if (highest < STDIN_FILENO) highest = STDIN_FILENO;
	}
	/* Signals are let in only during the wait itself, or one could arrive between the check and the sleep. */
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGINT);
	sigaddset(&awaited, SIGUSR1);
	sigprocmask(SIG_BLOCK, &awaited, &before);
	if (!stopRequested && !reportRequested && pselect(highest + 1, &readable, NULL, NULL, &timeout, &before) > 0 &&
		inputWatched && FD_ISSET(STDIN_FILENO, &readable))
		drainInput();
	sigprocmask(SIG_SETMASK, &before, NULL);
}
