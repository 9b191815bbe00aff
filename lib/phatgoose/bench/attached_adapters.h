// The adapters of all groups of a model, to be taken off and put back between measurements.
#pragma once

#include <memory>
#include <vector>

#include "phatgoose/nn/t5_model.h"

namespace phatgoose {

/// What is attached to `model` as this is made; the model must outlive it.
class AttachedAdapters {
 public:
  explicit AttachedAdapters(T5Model& model) : model_(model) {
    for (const auto& group : model.groups()) adapters_.push_back(group->adapter());
  }
  void put_back() const {
    for (std::size_t i = 0; i < adapters_.size(); ++i) model_.groups()[i]->set_adapter(adapters_[i]);
  }

 private:
  T5Model& model_;
  std::vector<std::shared_ptr<const Adapter>> adapters_;
};

}  // namespace phatgoose
