// SPDX-License-Identifier: ISC
//
// test/conform/packetdrill_conform.h: every member of packetdrill's shared-object interface, driven
// as packetdrill drives it, with the packets on the wire judged by src/wire's decoders.

#ifndef PACKETDRILL_CONFORM_H
#define PACKETDRILL_CONFORM_H

struct packetdrill_interface;

typedef void (*packetdrill_init_fn)(const char *flags, struct packetdrill_interface *ifc);

void conform_packetdrill(packetdrill_init_fn init);

#endif
