// Under which names the checkpoints of a family of encoders keep the tensors of the stack.
#pragma once

#include <string>
#include <vector>

namespace phatgoose {

/// Modules, which have a ".weight" and where there are biases a ".bias". A list is stored in as many tensors of equal
/// size, which are the rows of one linear, in this order.
struct EncoderTensorNames {
  std::string prefix;  ///< all names may begin with it
  std::string embedding_norm;
  std::string layers;  ///< what stands before the number of a layer; the names below follow the number

  std::vector<std::string> queries_keys_values;
  std::string attention_output, attention_norm;
  std::vector<std::string> inner;  ///< of a gated feed-forward the gate, then the linear half
  std::string outer, output_norm;
};

EncoderTensorNames bert_tensor_names();
EncoderTensorNames mpnet_tensor_names();
EncoderTensorNames nomic_tensor_names();

}  // namespace phatgoose
