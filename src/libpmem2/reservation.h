/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LIBPMEM2_RESERVATION_H
#define LIBPMEM2_RESERVATION_H

#include "map/reservation.h"

struct pmem2_vm_reservation {
	struct reservation reservation;
};

#endif
