// SPDX-License-Identifier: ISC
//
// The file that the configurations here name; it is never compiled.
