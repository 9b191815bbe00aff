// Files that are not there: Git LFS pointers in their place. Every command that opens one says so, and exits with 3.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose::test;

namespace {

namespace fs = std::filesystem;

constexpr const char* kPointer =
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
    "size 20480000\n";

/// Directories NAME/FILE of which one file is a pointer: bases, experts, rows and a suite.
class Files {
 public:
  Files() {
    const fs::path base = golden_path("t5_v1_1/model"), expert = golden_path("experts/wide");
    add(base, "weights", "model.safetensors");
    add(base, "config", "config.json");
    add(base, "vocabulary", "spiece.model");
    add(base, "bin", "pytorch_model.bin");
    fs::remove(path() / "bin/model.safetensors");
    add(base, "shards", "one.safetensors");
    fs::remove(path() / "shards/model.safetensors");
    write_text(path() / "shards/model.safetensors.index.json",
               R"({"weight_map": {"shared.weight": "one.safetensors"}})");
    add(expert, "adapter", "adapter_model.safetensors");
    add(expert, "adapter-config", "adapter_config.json");
    add(expert, "gate", "gate.safetensors");
    add(expert, "adapter-bin", "adapter_model.bin");
    fs::remove(path() / "adapter-bin/adapter_model.safetensors");
    fs::copy(base, path() / "base");
    fs::copy(expert, path() / "expert");
    const std::string row = R"({"input_ids": [5, 1], "choices_ids": [[8, 1], [9, 1]], "target_ids": [8, 1]})";
    write_text(path() / "rows.jsonl", row);
    write_text(path() / "pointer/rows.jsonl", kPointer);
    write_text(path() / "pointer/rows.jsonl.gz", kPointer);
    write_text(path() / "pointer/suite.yaml", kPointer);
    write_text(path() / "pointer/checkpoint.pt", kPointer);
    write_text(path() / "suite.yaml", "name: s\ntasks:\n  - {name: t, data: rows.jsonl, kind: rank_classification}\n");
    write_text(path() / "far.yaml",
               "name: s\ntasks:\n  - {name: t, data: pointer/rows.jsonl, kind: rank_classification}\n");
  }

  const fs::path& path() const { return directory_.path(); }

 private:
  void add(const fs::path& golden, const std::string& name, const std::string& file) {
    fs::copy(golden, path() / name);
    write_text(path() / name / file, kPointer);
  }

  ScratchDirectory directory_;
};

/// `arguments` must end in the one line that names `file`.
BadUse names(const std::string& arguments, const std::string& file) {
  return {arguments,
          3,
          {"/" + file + ": a Git LFS pointer", "the file of 20480000 bytes",
           "/" + file.substr(0, file.find('/')) + " lfs pull"}};
}

}  // namespace

TEST_CASE("a Git LFS pointer in a base is named by every command that reads the base") {
  const Files files;
  const std::string out = " --out DIR/out", expert = " --expert DIR/expert", rows = " --data DIR/rows.jsonl";
  std::vector<BadUse> uses;
  for (const std::string file :
       {"weights/model.safetensors", "bin/pytorch_model.bin", "shards/one.safetensors", "config/config.json"}) {
    const std::string base = "DIR/" + file.substr(0, file.find('/')), model = " --model " + base;
    for (const std::string& line :
         {"inspect " + base, "build" + model + expert + out, "predict" + model + " DIR/rows.jsonl",
          "eval --base" + model + " --suite DIR/suite.yaml" + out, "export" + model + expert + out,
          "prepare --router arrow" + model + expert, "train-expert --name n" + model + rows + out,
          "train-gate" + model + expert + rows + out}) {
      uses.push_back(names(line, file));
    }
  }
  uses.push_back(names("inspect DIR/vocabulary", "vocabulary/spiece.model"));
  uses.push_back(names("predict --model DIR/vocabulary --format text DIR/suite.yaml", "vocabulary/spiece.model"));
  check_bad_use(files.path(), uses);
}

TEST_CASE("a Git LFS pointer in an expert is named by every command that reads the expert") {
  const Files files;
  const std::string model = " --model DIR/base", out = " --out DIR/out", rows = " --data DIR/rows.jsonl";
  std::vector<BadUse> uses;
  for (const std::string file : {"adapter/adapter_model.safetensors", "adapter-bin/adapter_model.bin",
                                 "adapter-config/adapter_config.json", "gate/gate.safetensors"}) {
    const std::string directory = "DIR/" + file.substr(0, file.find('/')), expert = " --expert " + directory;
    for (const std::string& line :
         {"inspect " + directory, "build" + model + expert + out, "predict" + model + expert + " DIR/rows.jsonl",
          "eval" + model + expert + " --suite DIR/suite.yaml" + out, "export" + model + expert + out,
          "prepare --router arrow" + model + expert, "train-gate" + model + expert + rows}) {
      uses.push_back(names(line, file));
    }
  }
  check_bad_use(files.path(), uses);
}

TEST_CASE("a Git LFS pointer in place of data is named") {
  const Files files;
  const std::string model = " --model DIR/base", out = " --out DIR/out";
  check_bad_use(files.path(),
                {names("predict" + model + " DIR/pointer/rows.jsonl", "pointer/rows.jsonl"),
                 names("predict" + model + " DIR/pointer/rows.jsonl.gz", "pointer/rows.jsonl.gz"),
                 names("eval --base" + model + " --suite DIR/pointer/suite.yaml" + out, "pointer/suite.yaml"),
                 names("eval --base" + model + " --suite DIR/far.yaml" + out, "pointer/rows.jsonl"),
                 names("train-expert --name n" + model + " --data DIR/pointer/rows.jsonl" + out, "pointer/rows.jsonl"),
                 names("pretrain --make-vocab 32 --text DIR/pointer/rows.jsonl" + out, "pointer/rows.jsonl"),
                 names("import" + model + " --checkpoint DIR/pointer/checkpoint.pt --names DIR/rows.jsonl" + out,
                       "pointer/checkpoint.pt")});
}
