// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"
#include "manager/boot_image/signature_text.h"

/// Signs boot.img for Raspberry Pi's bootloaders, and checks such signatures. The only user of OpenSSL's libcrypto.
/// Keys are PEM files with a 2048-bit RSA key: bootloaders know no other.
/// Errors name the file and say what to do about it.
namespace piman::manager {

/// More is refused before it is signed: bootloaders take no longer boot.img (and once cut it silently).
inline constexpr std::uint64_t kMostBootImageBytes = 128ULL * 1024 * 1024;

/// The digest of a file of at most kMostBootImageBytes.
Result<Sha256> sha256_of_file(const std::string& path);

/// `signed_at` in seconds since 1970. The key is a private one without a passphrase.
Result<BootSignature> sign_boot_image(const std::string& image, const std::string& key_file, std::int64_t signed_at);

/// Whether `signature` is one of `image`, made with the private half of the public key in `key_file`.
/// Errors: the first thing that is wrong, digest before signature.
Result<void> verify_boot_image(const std::string& image, const BootSignature& signature, const std::string& key_file);

}  // namespace piman::manager
