// Reading and writing whole files with errors that name the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"

namespace kuma {

// REQUIRES: max_bytes > 0. A larger file is kTooLarge, a missing one kNotFound.
Result<std::string> ReadFile(const std::string& path, size_t max_bytes = 64u << 20);
// Writes to a temporary file beside it, syncs, renames: readers see the old or the new content.
Status WriteFileAtomic(const std::string& path, std::string_view content, int mode = 0644);
Status MakeDirs(const std::string& path, int mode = 0755);
bool FileExists(const std::string& path);
// Names (not paths) in a folder, sorted.
Result<std::vector<std::string>> ListFolder(const std::string& path);
std::string JoinPath(std::string_view folder, std::string_view name);
// $HOME or the password database's entry.
std::string HomeFolder();

}  // namespace kuma
