#include "embed/onnx_embedder.h"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "base/hash.h"

namespace mcpo::embed {
namespace {

constexpr std::size_t kMaxVocabularyBytes = std::size_t{32} << 20;
constexpr std::size_t kMaxConfigurationBytes = std::size_t{1} << 20;

// Process-wide. By default glibc keeps what the longest text needed, in each thread's heap (13 MB a
// thread), because it raises both limits as it sees large blocks freed. Fixed ones stop that.
// Smaller ones cost time: with blocks from 128 KB on mapped each time, 128 tokens took twice as
// long.
void bound_kept_memory() {
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 8 << 20);
}

void normalize(std::span<float> vector) {
  double sum = 0;
  for (const float x : vector) sum += double{x} * x;
  if (sum <= 0) return;
  const auto factor = static_cast<float>(1 / std::sqrt(sum));
  for (float& x : vector) x *= factor;
}

// A file that need not be there.
Result<std::string> read_optional(const std::filesystem::path& path) {
  auto text = read_small_file(path, kMaxConfigurationBytes);
  if (!text && text.error().code == Errc::not_found) return std::string();
  return text;
}

Result<ModelConfiguration> read_configuration(const std::filesystem::path& folder) {
  ModelConfiguration out;
  TRY(out.modules, read_optional(folder / "modules.json"));
  TRY(out.pooling, read_optional(folder / "1_Pooling" / "config.json"));
  TRY(out.sentence_bert, read_optional(folder / "sentence_bert_config.json"));
  TRY(out.sentence_transformers, read_optional(folder / "config_sentence_transformers.json"));
  TRY(out.tokenizer, read_optional(folder / "tokenizer_config.json"));
  TRY(out.model, read_optional(folder / "config.json"));
  return out;
}

Result<Wordpiece> read_wordpiece(const ModelFiles& files, const ModelConfiguration& configuration) {
  TRY(const std::string text, read_small_file(files.vocabulary, kMaxVocabularyBytes));
  if (files.vocabulary.extension() == ".json") {
    auto made = Wordpiece::from_tokenizer_json(text);
    if (!made) return std::unexpected(with_context(made.error(), files.vocabulary.string()));
    return made;
  }
  TRY(const BertRules rules, bert_rules_of(configuration));
  auto made = Wordpiece::from_vocabulary_text(text, rules);
  if (!made) return std::unexpected(with_context(made.error(), files.vocabulary.string()));
  return made;
}

Result<std::string> identity_of(const ModelFiles& files, const OnnxRuntime& runtime,
                                const ModelSettings& settings, const std::stop_token& stop) {
  TRY(std::string model, file_sha256(files.model, stop));
  for (const std::filesystem::path& file : files.data) {
    TRY(const std::string data, file_sha256(file, stop));
    model += data;
  }
  if (!files.data.empty()) model = content_hash(model).hex();
  TRY(const std::string vocabulary, file_sha256(files.vocabulary, stop));
  return model.substr(0, 16) + "-" + vocabulary.substr(0, 8) + "/onnxruntime-" + runtime.version() +
         "/" + describe(settings);
}

}  // namespace

OnnxEmbedder::OnnxEmbedder(Wordpiece wordpiece, ModelSettings settings)
    : wordpiece_(std::move(wordpiece)), settings_(std::move(settings)) {
  const auto start_of = [this](const std::string& prefix) {
    std::vector<Token> tokens;
    // A prefix may take half of the room at most.
    wordpiece_.tokenize(prefix, settings_.longest_text / 2, tokens);
    std::vector<std::int64_t> ids{wordpiece_.begin_id()};
    for (const Token& token : tokens) ids.push_back(token.id);
    return ids;
  };
  query_start_ = start_of(settings_.query_prefix);
  document_start_ = start_of(settings_.document_prefix);
}

Result<std::unique_ptr<OnnxEmbedder>> OnnxEmbedder::load(const ModelFiles& files,
                                                         const std::stop_token& stop) {
  bound_kept_memory();
  TRY(const ModelConfiguration configuration, read_configuration(files.folder));
  // The file's name tells of the model as well, where the folder's does not.
  const std::string name = files.folder.filename().string() + "/" + files.model.stem().string();
  TRY(ModelSettings settings, settings_of(known_settings(name), configuration));
  TRY(Wordpiece wordpiece, read_wordpiece(files, configuration));
  TRY(auto runtime, OnnxRuntime::load(files.library));
  TRY(std::string identity, identity_of(files, *runtime, settings, stop));
  std::unique_ptr<OnnxEmbedder> made(new OnnxEmbedder(std::move(wordpiece), std::move(settings)));
  made->identity_ = std::move(identity);
  TRY(made->session_, OnnxSession::open(std::move(runtime), files.model, stop));
  if (stop.stop_requested()) return fail(Errc::cancelled, "loading was stopped");
  // Run once, so that what does not work shows here and not at the first request.
  TRY(const Encoding probe, made->encode({.text = "a"}));
  if (probe.vector.empty()) return fail(Errc::invalid, "the model gives no vectors");
  // What loading needed, the allocator would keep: tens of megabytes.
  malloc_trim(0);
  return made;
}

std::vector<std::int64_t> OnnxEmbedder::input_ids(const EncodeJob& job,
                                                  std::vector<Token>& tokens) const {
  std::vector<std::int64_t> ids = job.role == Role::query ? query_start_ : document_start_;
  const std::size_t prefix = ids.size() - 1;
  // The job's limit is about its text; the model's holds for everything.
  const std::size_t room = settings_.longest_text - std::min(settings_.longest_text, prefix + 2);
  const std::size_t wanted = std::max<std::size_t>(job.max_tokens, 3) - 2;
  wordpiece_.tokenize(job.text, std::min(wanted, room), tokens);
  for (const Token& token : tokens) ids.push_back(token.id);
  ids.push_back(wordpiece_.end_id());
  return ids;
}

Result<Encoding> OnnxEmbedder::encode(const EncodeJob& job) const {
  Encoding out;
  const std::vector<std::int64_t> ids = input_ids(job, out.tokens);
  TRY(const OnnxSession::Output output, session_->run(ids));
  out.vector = pooled(output);
  if (job.rows == Rows::none) return out;
  const std::size_t dimension = output.dimension;
  const std::size_t first = ids.size() - 1 - out.tokens.size();
  const auto begin = output.rows.begin() + static_cast<std::ptrdiff_t>(first * dimension);
  out.rows.assign(begin, begin + static_cast<std::ptrdiff_t>(out.tokens.size() * dimension));
  for (std::size_t i = 0; i < out.tokens.size(); ++i) {
    normalize(std::span(out.rows).subspan(i * dimension, dimension));
  }
  return out;
}

// The trim threshold of bound_kept_memory() holds for the top of each heap only: after texts of 256
// tokens on two threads 45 MB stayed.
void OnnxEmbedder::rest() const { malloc_trim(0); }

// Of all tokens, [CLS], [SEP] and prefix among them, as the models were trained.
std::vector<float> OnnxEmbedder::pooled(const OnnxSession::Output& output) const {
  std::vector<float> sum(output.rows.begin(),
                         output.rows.begin() + static_cast<std::ptrdiff_t>(output.dimension));
  if (settings_.pooling == Pooling::mean) {
    for (std::size_t i = output.dimension; i < output.rows.size(); i += output.dimension) {
      for (std::size_t j = 0; j < output.dimension; ++j) sum[j] += output.rows[i + j];
    }
  }
  normalize(sum);
  return sum;
}

}  // namespace mcpo::embed
