// SPDX-License-Identifier: ISC
//
// lwipopts.h: lwIP tuned for the bench: no threads, pools and not malloc, offered every help that
// costs correctness nothing. BENCH_WINDOW_KIB, the window, and BENCH_MTU come from the command
// line.

#ifndef LWIP_LWIPOPTS_H
#define LWIP_LWIPOPTS_H

#define BENCH_WINDOW (BENCH_WINDOW_KIB * 1024)

/* One thread, the raw interface, no assertions, no statistics. */
#define NO_SYS                        1
#define SYS_LIGHTWEIGHT_PROT          0
#define LWIP_SOCKET                   0
#define LWIP_NETCONN                  0
#define LWIP_STATS                    0
#define LWIP_NOASSERT                 1
#define LWIP_SINGLE_NETIF             0
#define LWIP_IPV6                     0
#define LWIP_UDP                      0
#define LWIP_RAW                      0
#define LWIP_DHCP                     0
#define LWIP_NETIF_TX_SINGLE_PBUF     0
#define LWIP_TCP_TIMESTAMPS           0
#define ETHARP_TABLE_MATCH_NETIF      1
#define ARP_QUEUEING                  0
#define ETHARP_TRUST_IP_MAC           0
#define ETHARP_SUPPORT_STATIC_ENTRIES 0

/* All checksums made and checked; the vectorising algorithm. */
#define LWIP_CHKSUM_ALGORITHM 2
#define CHECKSUM_GEN_IP       1
#define CHECKSUM_GEN_TCP      1
#define CHECKSUM_CHECK_IP     1
#define CHECKSUM_CHECK_TCP    1

/* Frames in one pool buffer each; header room so that nothing is prepended. */
#define MEM_ALIGNMENT     8
#define MEM_LIBC_MALLOC   0
#define MEM_SIZE          (8 * 1024 * 1024 + 4 * BENCH_WINDOW)
#define MEMP_NUM_TCP_PCB  64
#define MEMP_NUM_TCP_SEG  8192
#define MEMP_NUM_PBUF     8192
#define PBUF_POOL_SIZE    4096
#define PBUF_POOL_BUFSIZE (BENCH_MTU + 100)

/* TCP */
#define TCP_MSS                        (BENCH_MTU - 40)
#define LWIP_WND_SCALE                 1
#define TCP_RCV_SCALE                  6
#define TCP_WND                        BENCH_WINDOW
#define TCP_SND_BUF                    BENCH_WINDOW
#define TCP_SND_QUEUELEN               (8 * (BENCH_WINDOW / TCP_MSS))
#define TCP_SNDLOWAT                   (2 * TCP_MSS)
#define TCP_SNDQUEUELOWAT              4
#define TCP_OVERSIZE                   TCP_MSS
#define TCP_QUEUE_OOSEQ                1
#define TCP_LISTEN_BACKLOG             0
#define LWIP_DISABLE_TCP_SANITY_CHECKS 0

#endif
