/*
 * Raw Ethernet frames in UDP datagrams on the loopback interface: the format of QEMU's `-netdev dgram`. One
 * socket a process. Nothing is lost in silence: datagrams that the kernel dropped for want of room, that were
 * longer than the caller's buffer, or that could not be sent are counted.
 */
#include "posix-host.h"
#include "host-bytes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int descriptor = -1;
static struct sockaddr_in remote;
static uint32_t droppedByKernel;
static uint32_t tooLong;
static uint32_t unsent;

int atcpDatagramSocket(void) {
	return descriptor;
}

static struct sockaddr_in loopback(xsMachine *the, xsIntegerValue port) {
	struct sockaddr_in address;
	if (port < 1 || port > 65535) xsRangeError("UDP port %ld is not in 1 ... 65535", (long)port);
	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)port);
	return address;
}

/* The kernel caps SO_RCVBUF at net.core.rmem_max; with CAP_NET_ADMIN the forced option goes beyond. */
static int enlargeReceiveBuffer(int socketDescriptor, int bytes) {
	int granted = 0;
	socklen_t size = sizeof(granted);
	int done = -1;
#ifdef SO_RCVBUFFORCE
	done = setsockopt(socketDescriptor, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
#endif
	if (done != 0) setsockopt(socketDescriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	getsockopt(socketDescriptor, SOL_SOCKET, SO_RCVBUF, &granted, &size);
	return granted;
}

/* datagramOpen(localPort, remotePort, receiveBufferBytes): the size of the receive buffer that was granted. */
void xs_posix_datagram_open(xsMachine *the) {
	struct sockaddr_in local;
	xsIntegerValue receiveBufferBytes;
	atcpExpect(the, 3);
	receiveBufferBytes = atcpInteger(2);
	local = loopback(the, atcpInteger(0));
	remote = loopback(the, atcpInteger(1));
	if (descriptor >= 0) xsUnknownError("the datagram socket is open already");
	descriptor = socket(AF_INET, SOCK_DGRAM, 0);
	if (descriptor < 0) xsUnknownError("no UDP socket: %s", strerror(errno));
	if (bind(descriptor, (struct sockaddr *)&local, sizeof(local)) != 0) {
		close(descriptor);
		descriptor = -1;
		xsUnknownError("can't use UDP port %d of 127.0.0.1: %s", ntohs(local.sin_port), strerror(errno));
	}
#ifdef SO_RXQ_OVFL
	{
		int on = 1;
		setsockopt(descriptor, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	}
#endif
	xsmcSetInteger(xsResult, enlargeReceiveBuffer(descriptor, receiveBufferBytes));
}

static void readDropCount(struct msghdr *message) {
#ifdef SO_RXQ_OVFL
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
			memcpy(&droppedByKernel, CMSG_DATA(c), sizeof(droppedByKernel));
#else
	(void)message;
#endif
}

/* datagramReceive(b, at, capacity): the length of the next datagram, 0 when there is none. */
void xs_posix_datagram_receive(xsMachine *the) {
	xsIntegerValue at, capacity;
	struct iovec part;
	union {
		struct cmsghdr aligned;
		char bytes[CMSG_SPACE(sizeof(uint32_t))];
	} control;
	ssize_t length;
	atcpExpect(the, 3);
	at = atcpInteger(1);
	capacity = atcpInteger(2);
	part = (struct iovec){.iov_base = atcpWritable(0, at, capacity), .iov_len = (size_t)capacity};
	for (;;) {
		struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
		length = recvmsg(descriptor, &message, MSG_DONTWAIT);
		if (length < 0 && errno == EINTR) continue;
		if (length < 0) break;
		readDropCount(&message);
		if (message.msg_flags & MSG_TRUNC)
			tooLong++;
		else if (length > 0)
			break;
	}
	xsmcSetInteger(xsResult, length > 0 ? (xsIntegerValue)length : 0);
}

/* datagramSend(b, at, length). */
void xs_posix_datagram_send(xsMachine *the) {
	xsIntegerValue at, length;
	const uint8_t *b;
	ssize_t sent;
	atcpExpect(the, 3);
	at = atcpInteger(1);
	length = atcpInteger(2);
	b = atcpReadable(0, at, length);
	do
		sent = sendto(descriptor, b, (size_t)length, 0, (struct sockaddr *)&remote, sizeof(remote));
	while (sent < 0 && errno == EINTR);
	if (sent != length) unsent++;
}

/* Datagrams for us that did not fit: into the kernel's receive buffer or into the caller's. */
void xs_posix_datagrams_lost(xsMachine *the) {
	xsmcSetInteger(xsResult, (xsIntegerValue)(droppedByKernel + tooLong));
}

void xs_posix_datagrams_unsent(xsMachine *the) {
	xsmcSetInteger(xsResult, (xsIntegerValue)unsent);
}
