// SPDX-License-Identifier: ISC
//
// base.c: names of outcomes.

#include "fa/base.h"

const char *fa_err_name(fa_err err)
{
    switch (err) {
    case FA_OK:
        return "FA_OK";
    case FA_AGAIN:
        return "FA_AGAIN";
    case FA_EINVAL:
        return "FA_EINVAL";
    case FA_ENOSPC:
        return "FA_ENOSPC";
    case FA_ECORRUPT:
        return "FA_ECORRUPT";
    case FA_EIO:
        return "FA_EIO";
    case FA_ECLOSED:
        return "FA_ECLOSED";
    case FA_ERESET:
        return "FA_ERESET";
    case FA_ETIMEOUT:
        return "FA_ETIMEOUT";
    case FA_EREFUSED:
        return "FA_EREFUSED";
    case FA_ENOENT:
        return "FA_ENOENT";
    case FA_ECANCEL:
        return "FA_ECANCEL";
    }
    return "FA_E?";
}
