// SPDX-License-Identifier: ISC
//
// The manifest and the command line against one another.

#include "attach.h"

#include <string.h>
#include <sys/random.h>

static const char *kind_of(uint32_t type)
{
    return type == FA_SOLO5_NET ? "net" : "block";
}

/* A locally administered address, drawn: no two images of one Ethernet shall have the same. */
static bool draw_mac(uint8_t mac[6])
{
    if (getrandom(mac, 6, 0) != 6) {
        return false;
    }
    mac[0] = (uint8_t)((mac[0] & 0xfc) | 2);
    return true;
}

static bool attach_net(const struct options *options, const struct options_device *device,
    struct fa_solo5_entry *entry, struct attached *ret, struct sentence *why)
{
    if (device->mac_given) {
        memcpy(entry->net.mac, device->mac, sizeof entry->net.mac);
    } else if (!draw_mac(entry->net.mac)) {
        return sentence_say(why,
            "--net:%s: the kernel gave no random address; choose one by "
            "--net-mac:%s=02:00:00:12:34:56",
            entry->name, entry->name);
    }
    return (device->place[0] == '@' ? attach_fd : attach_tap)(options, device, entry, ret, why);
}

static bool attach_one(const struct options *options, const struct options_device *device,
    struct fa_solo5_entry *entry, struct attachments *all, struct attached *ret,
    struct sentence *why)
{
    const bool net = entry->type == FA_SOLO5_NET;
    size_t *count = net ? &all->net_count : &all->disk_count;
    const size_t max = net ? SLOT_NET_COUNT_MAX : SLOT_DISK_COUNT_MAX;
    if (*count == max) {
        return sentence_say(why, "--%s:%s: this tender attaches %zu devices of a kind at most",
            kind_of(entry->type), entry->name, max);
    }
    ret->slot = (*count)++;
    if (!(net ? attach_net : attach_disk)(options, device, entry, ret, why)) {
        return false;
    }
    entry->attached = 1;
    return true;
}

static bool check_declared(
    const struct options_device *device, const struct manifest *manifest, struct sentence *why)
{
    const size_t handle = manifest_find(manifest, device->name);
    if (handle == 0) {
        return sentence_say(why, "--%s:%.*s: the image declares no such device",
            kind_of(device->type), (int)device->name.len, (const char *)device->name.at);
    }
    const struct fa_solo5_entry *entry = &manifest->entry[handle];
    if (entry->type != device->type) {
        return sentence_say(why, "--%s:%s: the image declares this as --%s:%s",
            kind_of(device->type), entry->name, kind_of(entry->type), entry->name);
    }
    return true;
}

static const struct options_device *find_option(
    const struct options *options, const struct fa_solo5_entry *entry)
{
    for (size_t i = 0; i < options->device_count; i++) {
        const struct options_device *device = &options->device[i];
        if (device->place != NULL && fa_slice_equal(device->name, fa_slice_of(entry->name))) {
            return device;
        }
    }
    return NULL;
}

bool attach_all(const struct options *options, uint32_t known, struct manifest *manifest,
    struct attachments *ret, struct sentence *why)
{
    *ret = (struct attachments){0};
    for (size_t i = 0; i < options->device_count; i++) {
        if (!check_declared(&options->device[i], manifest, why)) {
            return false;
        }
    }
    for (size_t i = 1; i < manifest->count; i++) {
        struct fa_solo5_entry *entry = &manifest->entry[i];
        const struct options_device *device = find_option(options, entry);
        if (device == NULL) {
            return sentence_say(why,
                "the image's device '%s' is not attached; name what it is by "
                "--%s:%s=%s",
                entry->name, kind_of(entry->type), entry->name,
                entry->type == FA_SOLO5_NET ? "INTERFACE" : "FILE");
        }
        if (!attach_one(options, device, entry, ret, &ret->device[i], why)) {
            return false;
        }
        ret->device[i].caps.flags &= known;
        if ((ret->device[i].caps.flags & FA_CAPS_BLOCK_MULTI) == 0) {
            ret->device[i].caps.bytes_max = 0;
        }
    }
    return true;
}
