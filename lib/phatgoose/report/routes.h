// The routes of tasks through a task-level mixture of experts (METHODS 8).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

struct Routes {
  std::vector<std::string> layers, tasks;
  std::int64_t copies = 0;     ///< m
  std::vector<double> shares;  ///< [tasks, layers, copies]: how much each copy counts; sum 1 over the copies

  /// Of one task: [layers, copies].
  std::span<const double> of(std::size_t task) const {
    const std::size_t size = layers.size() * static_cast<std::size_t>(copies);
    return std::span(shares).subspan(task * size, size);
  }
};

/// Those of a task-level mixture as its directory stores them, without noise, where `path` is one: bad_data where its
/// router tells no tasks apart. Otherwise reads {"layers": [names], "copies": m, "tasks": {NAME: [[m numbers], one list
/// for each layer]}}. Other keys, lists of another length, numbers outside [0, 1], and those of a layer that do not add
/// up to 1 are bad_data, and so are fewer than two tasks.
Routes read_routes(const fs::path& path);

}  // namespace phatgoose
