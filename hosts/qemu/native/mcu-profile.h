#ifndef ATCP_MCU_PROFILE_H
#define ATCP_MCU_PROFILE_H

/** From the timer's interrupt: takes a sample; false when no profile is being taken. */
int atcpProfileSample(void);

/** The timer is the profiler's: neither watchdog nor sleep. */
int atcpIsProfiling(void);

#endif
