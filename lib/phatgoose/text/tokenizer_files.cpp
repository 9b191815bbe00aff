#include "phatgoose/text/tokenizer_files.h"

#include <algorithm>
#include <unordered_map>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/text/sentencepiece_model.h"
#include "phatgoose/text/tokenizer_json.h"
#include "phatgoose/text/tokenizer_settings.h"

namespace phatgoose {
namespace {

constexpr std::string_view kSentinelPrefix = "<extra_id_";

AddedToken special_token(const std::string& content) { return {.content = content, .special = true}; }

std::vector<AddedToken> sentinels(std::int64_t count) {
  std::vector<AddedToken> tokens;
  for (std::int64_t n = 0; n < count; ++n) {
    tokens.push_back(special_token(std::string(kSentinelPrefix) + std::to_string(n) + ">"));
  }
  return tokens;
}

/// Control and user-defined pieces, which are found in a text as they stand.
std::vector<AddedToken> fixed_pieces(const SentencePieceModel& model) {
  std::vector<AddedToken> tokens;
  for (const SentencePiece& piece : model.pieces) {
    const bool is_control = piece.kind == PieceKind::control;
    if (!is_control && piece.kind != PieceKind::user_defined) continue;
    tokens.push_back({.content = piece.text, .special = is_control});
  }
  return tokens;
}

/// `additional` with the sentinels, unless it has them already.
std::vector<AddedToken> with_sentinels(std::vector<AddedToken> additional, std::int64_t extra_ids) {
  const auto is_sentinel = [](const AddedToken& token) {
    return token.content.find(kSentinelPrefix) != std::string::npos;
  };
  const auto has = std::ranges::count_if(additional, is_sentinel);
  if (has == 0) std::ranges::move(sentinels(extra_ids), std::back_inserter(additional));
  if (has > 0 && extra_ids > 0 && has != extra_ids) {
    refuse_here(
        "extra_ids " + std::to_string(extra_ids) + " and " + std::to_string(has) + " special tokens <extra_id_...>",
        "as many sentinels as extra_ids says");
  }
  return additional;
}

/// T5Tokenizer supplies the names that the files do not mention.
NamedTokens with_defaults(NamedTokens named) {
  for (const auto& [key, content] : {std::pair("pad_token", "<pad>"), {"eos_token", "</s>"}, {"unk_token", "<unk>"}}) {
    const auto is_it = [key = std::string(key)](const auto& entry) { return entry.first == key; };
    if (std::ranges::none_of(named, is_it)) named.emplace_back(key, special_token(content));
  }
  return named;
}

/// Ids of the pieces and of added tokens, in the way in which the `tokenizers` package gives them.
class Vocabulary {
 public:
  explicit Vocabulary(const std::vector<ScoredPiece>& pieces) : next_(static_cast<std::int32_t>(pieces.size())) {
    for (const ScoredPiece& piece : pieces) {
      ids_[piece.text] = static_cast<std::int32_t>(&piece - pieces.data());
    }
  }

  /// A token that there is already changes its flags only; once special, it stays so.
  void add(AddedToken token) {
    const auto [found, is_new] = ids_.try_emplace(token.content, next_);
    if (is_new) ++next_;
    AddedToken& added = added_[found->second];
    token.special = token.special || added.special;
    added = std::move(token);
  }

  const std::map<std::int32_t, AddedToken>& added() const { return added_; }
  /// -1 where there is no such token.
  std::int32_t id_of(const std::string& content) const {
    const auto found = ids_.find(content);
    return found == ids_.end() ? -1 : found->second;
  }

 private:
  std::unordered_map<std::string, std::int32_t> ids_;
  std::int32_t next_;
  std::map<std::int32_t, AddedToken> added_;
};

/// Adds what TokenizersBackend.__init__ adds, in its order, on which the ids of new tokens depend.
void add_tokens(Vocabulary& vocabulary, const std::map<std::int32_t, AddedToken>& declared, const NamedTokens& named,
                const std::vector<AddedToken>& extra) {
  std::vector<std::string> known;
  for (const auto& [id, token] : vocabulary.added()) known.push_back(token.content);
  for (const auto& [id, token] : declared) known.push_back(token.content);
  const auto is_known = [&](const AddedToken& token) { return std::ranges::find(known, token.content) != known.end(); };
  const auto is_named = [&](const AddedToken& token) {
    return std::ranges::any_of(
        named, [&](const auto& entry) { return entry.second && entry.second->content == token.content; });
  };
  std::vector<AddedToken> tokens;
  for (const auto& [id, token] : declared) tokens.push_back(token);
  for (const auto& [key, token] : named) {
    if (token && !is_known(*token)) tokens.push_back(*token);
  }
  for (const AddedToken& token : extra) {
    if (!is_known(token)) tokens.push_back(token);
  }
  for (AddedToken& token : tokens) {
    token.special = token.special || is_named(token);
    vocabulary.add(token);
  }
}

/// The ids that files give to added tokens must be those that `transformers` gives them.
void check_declared(const Vocabulary& vocabulary, const std::map<std::int32_t, AddedToken>& declared) {
  for (const auto& [id, token] : declared) {
    const std::int32_t used = vocabulary.id_of(token.content);
    if (used == id) continue;
    refuse_here("the added token \"" + token.content + "\" with id " + std::to_string(id),
                "id " + std::to_string(used) + ", which transformers gives it",
                "added tokens follow the vocabulary without a gap, and a piece of it keeps its id");
  }
}

void check_special_ids(const Vocabulary& vocabulary, const NamedTokens& named) {
  const auto id_of = [&](const char* key) {
    const auto found = std::ranges::find(named, std::string(key), [](const auto& entry) { return entry.first; });
    return found != named.end() && found->second ? vocabulary.id_of(found->second->content) : -1;
  };
  const std::int32_t pad = id_of("pad_token"), eos = id_of("eos_token"), unknown = id_of("unk_token");
  if (pad == 0 && eos == 1 && unknown == 2) return;
  const auto text = [](std::int32_t id) { return id < 0 ? std::string("none") : std::to_string(id); };
  refuse_here("pad, eos and unk have ids " + text(pad) + ", " + text(eos) + ", " + text(unknown), "0, 1, 2",
              "this is not the vocabulary of a T5 model");
}

/// tokenizer.json decides; a spiece.model next to it must be the same vocabulary.
void check_agreement(const SentencePieceModel& model, const TokenizerJson& json) {
  const auto differs = [&](const std::string& found, const std::string& expected) {
    refuse_here(found, expected + ", as in tokenizer.json", "the files belong to different models");
  };
  if (model.pieces.size() > json.pieces.size()) {
    differs(std::to_string(model.pieces.size()) + " pieces", "at most " + std::to_string(json.pieces.size()));
  }
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& ours = model.pieces[id];
    const ScoredPiece& theirs = json.pieces[id];
    if (ours.text == theirs.text && ours.score == static_cast<float>(theirs.score)) continue;
    differs("piece " + std::to_string(id) + " is \"" + ours.text + "\" with score " + std::to_string(ours.score),
            "\"" + theirs.text + "\" with score " + std::to_string(theirs.score));
  }
  if (model.character_map != json.character_map) differs("another normaliser", "the same table");
}

/// What a directory has besides its settings.
struct VocabularyFile {
  fs::path path;
  std::vector<ScoredPiece> pieces;
  std::string character_map;
  std::map<std::int32_t, AddedToken> added;      ///< of tokenizer.json
  std::optional<std::vector<AddedToken>> fixed;  ///< of spiece.model
};

VocabularyFile from_json(const fs::path& directory, const TokenizerSettings& settings) {
  const fs::path path = directory / "tokenizer.json";
  TokenizerJson json = read_tokenizer_json(path, settings.pipeline());
  if (const fs::path model = directory / "spiece.model"; is_file(model)) {
    const SentencePieceModel pieces = read_sentencepiece_model(model);
    in(model, [&] { check_agreement(pieces, json); });
  }
  return {path, std::move(json.pieces), std::move(json.character_map), std::move(json.added), std::nullopt};
}

VocabularyFile from_sentencepiece(const fs::path& directory, const TokenizerSettings& settings) {
  if (settings.pipeline() == TokenizerPipeline::of_file) {
    refuse(settings.where(), "a tokenizer_class that needs tokenizer.json", "\"T5Tokenizer\" with spiece.model");
  }
  if (is_file(directory / "tokenizer.model")) {
    refuse((directory / "tokenizer.model").string(),
           "a vocabulary that differs from that of spiece.model, which transformers prefers", "one vocabulary");
  }
  VocabularyFile file{.path = directory / "spiece.model", .pieces = {}, .character_map = {}, .added = {}, .fixed = {}};
  SentencePieceModel model = read_sentencepiece_model(file.path);
  if (model.byte_fallback) {
    log_info(file.path.string() +
             " has byte fallback, which T5Tokenizer of transformers 5 leaves unused: characters "
             "outside the vocabulary become <unk>");
  }
  for (const SentencePiece& piece : model.pieces) file.pieces.push_back({piece.text, piece.score});
  for (std::int64_t n = settings.extra_ids(); n-- > 0;) {
    file.pieces.push_back({std::string(kSentinelPrefix) + std::to_string(n) + ">", 0});
  }
  file.character_map = std::move(model.character_map);
  file.fixed = fixed_pieces(model);
  return file;
}

/// Special tokens that have no name.
std::vector<AddedToken> unnamed_tokens(const TokenizerSettings& settings, const VocabularyFile& file) {
  const auto& additional = file.fixed ? file.fixed : settings.additional();
  std::vector<AddedToken> tokens = additional.value_or(std::vector<AddedToken>());
  if (settings.pipeline() == TokenizerPipeline::of_t5) {
    tokens = in(settings.where(), [&] { return with_sentinels(std::move(tokens), settings.extra_ids()); });
  }
  return settings.extra().value_or(std::move(tokens));
}

}  // namespace

bool has_tokenizer(const fs::path& directory) {
  return is_file(directory / "spiece.model") || is_file(directory / "tokenizer.json");
}

std::vector<std::string> copy_tokenizer_files(const fs::path& from, const fs::path& to) {
  std::vector<std::string> names;
  for (const char* name : kTokenizerFiles) {
    if (!is_file(from / name)) continue;
    write_file(to / name, read_file(from / name));
    names.emplace_back(name);
  }
  return names;
}

TokenizerFiles read_tokenizer_files(const fs::path& directory) {
  if (!has_tokenizer(directory)) {
    refuse(directory.string(), "no tokenizer", "spiece.model or tokenizer.json of a T5 model");
  }
  const TokenizerSettings settings(directory);
  VocabularyFile file =
      is_file(directory / "tokenizer.json") ? from_json(directory, settings) : from_sentencepiece(directory, settings);
  const bool is_t5 = settings.pipeline() == TokenizerPipeline::of_t5;
  const auto declared = settings.declared(file.added);
  NamedTokens named = is_t5 ? with_defaults(settings.named()) : settings.named();
  for (auto& [key, token] : named) {
    for (const auto& [id, known] : declared) {
      if (token && token->content == known.content) token = known;
    }
  }
  Vocabulary vocabulary(file.pieces);
  if (!is_t5) {
    for (const auto& [id, token] : file.added) vocabulary.add(token);
    in(file.path, [&] { check_declared(vocabulary, file.added); });
  }
  add_tokens(vocabulary, declared, named, unnamed_tokens(settings, file));
  in(settings.declared_in(), [&] { check_declared(vocabulary, declared); });
  in(file.path, [&] { check_special_ids(vocabulary, named); });
  return {std::move(file.pieces), std::move(file.character_map), vocabulary.added(), settings.cleans_up_spaces(),
          file.path.string()};
}

}  // namespace phatgoose
