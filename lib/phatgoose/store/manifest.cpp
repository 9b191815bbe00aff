#include "phatgoose/store/manifest.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/base/version.h"

namespace phatgoose {
namespace {

constexpr const char* kFileName = "manifest.json";
constexpr std::array<std::string_view, 4> kFrameKeys = {"kind", "format", "version", "files"};

/// Routed models of format 1 tell the hashes of experts' files without their names.
std::int64_t newest_format(const std::string& kind) { return kind == kRoutedModelKind ? 2 : 1; }

bool belongs_to_frame(std::string_view key) {
  return std::find(kFrameKeys.begin(), kFrameKeys.end(), key) != kFrameKeys.end();
}

Json describe_file(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) fail(ExitCode::cannot_finish, {.where = path.string(), .found = "cannot list it: " + error.message()});
  return {{"size", size}, {"hash", content_hash_of_file(path)}};
}

/// A listed name must stay inside the directory.
bool stays_inside(const fs::path& name) {
  if (name.empty() || name.is_absolute()) return false;
  return std::find(name.begin(), name.end(), "..") == name.end();
}

void check_file(const fs::path& directory, const std::string& name, const Json& entry, bool verify_hash) {
  const auto [size, hash] = in((directory / kFileName).string() + ": " + name, [&] {
    if (!stays_inside(name)) refuse_here("a file outside the directory");
    return std::pair(json_get<std::uint64_t>(entry, "size"), json_get<std::string>(entry, "hash"));
  });
  const fs::path path = directory / name;
  const std::string hint = "the file was changed after the directory was finished";
  std::error_code error;
  const auto found_size = fs::file_size(path, error);
  if (error) refuse(path, "missing", "the file that manifest.json lists");
  if (found_size != size) {
    const MappedFile opened(path);  // a Git LFS pointer says what it is
    refuse(path, std::to_string(found_size) + " bytes", std::to_string(size), hint);
  }
  if (!verify_hash) return;
  const std::string found_hash = content_hash_of_file(path);
  if (found_hash != hash) refuse(path, "hash " + found_hash, hash, hint);
}

bool is_missing_or_empty(const fs::path& directory) {
  std::error_code error;
  if (!fs::exists(directory, error)) return !error;
  return fs::is_directory(directory, error) && fs::is_empty(directory, error) && !error;
}

/// What manifest.json says, its files aside. Of another kind than `kind` (empty: any): bad_data.
Manifest parse_manifest(const Json& json, const std::string& kind) {
  Manifest manifest{.kind = json_get<std::string>(json, "kind")};
  if (!kind.empty() && manifest.kind != kind) refuse_here("a directory of kind " + manifest.kind, kind);
  manifest.format = json_get<std::int64_t>(json, "format");
  if (const std::int64_t newest = newest_format(manifest.kind); manifest.format < 1 || manifest.format > newest) {
    refuse_here("format " + std::to_string(manifest.format), "at most " + std::to_string(newest),
                "it was written by another version of phatgoose");
  }
  for (const auto& [key, value] : json.items()) {
    if (!belongs_to_frame(key)) manifest.body[key] = value;
  }
  return manifest;
}

void check_files(const fs::path& directory, const Json& manifest, bool verify_hashes) {
  const Json files = in(directory / kFileName, [&] { return json_get<Json>(manifest, "files"); });
  if (!files.is_object()) refuse(directory / kFileName, "\"files\" is " + files.dump(), "an object");
  for (const auto& [name, entry] : files.items()) check_file(directory, name, entry, verify_hashes);
}

/// What `work` returns; what it finds wrong is damage of a product of ours.
template <typename Work>
auto as_damage(const fs::path& directory, const std::string& remedy, Work work) {
  try {
    return work();
  } catch (const Error& error) {
    fail(error.code(), {.where = directory.string(), .found = std::string("damaged: ") + error.what(), .hint = remedy});
  }
}

}  // namespace

bool is_of_kind(const fs::path& directory, const std::string& kind) {
  const fs::path path = directory / kFileName;
  if (!is_file(path)) return false;
  try {
    parse_manifest(read_json(path), kind);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void write_manifest(const fs::path& directory, const Manifest& manifest, const std::vector<std::string>& files) {
  Json json;
  json["kind"] = manifest.kind;
  json["format"] = newest_format(manifest.kind);
  json["version"] = version();
  for (const auto& [key, value] : manifest.body.items()) {
    if (belongs_to_frame(key)) {
      fail(ExitCode::bug, {.where = (directory / kFileName).string(), .found = "the body uses the key " + key});
    }
    json[key] = value;
  }
  Json& listed = json["files"] = Json::object();
  for (const std::string& name : files) listed[name] = describe_file(directory / name);
  write_file(directory / kFileName, json.dump(2) + "\n");
}

std::optional<Manifest> read_manifest(const fs::path& directory, const std::string& kind, bool verify_hashes) {
  const fs::path path = directory / kFileName;
  if (!is_file(path)) return std::nullopt;
  const Json json = read_json(path);
  Manifest manifest = in(path, [&] { return parse_manifest(json, kind); });
  check_files(directory, json, verify_hashes);
  return manifest;
}

std::string remedy_of_removing(const fs::path& directory) {
  return "remove " + directory.string() + ", and run the same command again";
}

std::optional<Manifest> read_finished(const fs::path& directory, const std::string& kind, std::string remedy) {
  const fs::path path = directory / kFileName;
  if (!is_file(path)) return std::nullopt;
  if (remedy.empty()) remedy = remedy_of_removing(directory);
  const Json json = as_damage(directory, remedy, [&] { return read_json(path); });
  Manifest manifest = in(path, [&] { return parse_manifest(json, kind); });
  as_damage(directory, remedy, [&] { check_files(directory, json, /*verify_hashes=*/true); });
  return manifest;
}

void check_output_directory(const fs::path& directory, const std::string& kind) {
  if (is_missing_or_empty(directory)) return;
  if (!is_of_kind(directory, kind)) {
    refuse_usage("--out", contents_of(directory), "a new or empty directory, or one of kind " + kind,
                 "choose another --out");
  }
  read_finished(directory, kind);
}

}  // namespace phatgoose
