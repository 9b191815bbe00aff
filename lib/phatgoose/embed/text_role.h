// What a text is to those that it is compared with.
#pragma once

namespace phatgoose {

/// Encoders that were trained with prompts put a prompt before each text, by its role: queries are sought among
/// documents, and plain texts are compared among themselves. Other encoders make no difference.
enum class TextRole { plain, query, document };

/// Descriptions of tasks are compared among themselves.
constexpr TextRole kDescriptionRole = TextRole::plain;

}  // namespace phatgoose
