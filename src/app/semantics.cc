#include "app/semantics.h"

#include "base/text.h"
#include "embed/local_encoder.h"
#include "embed/model_files.h"
#include "embed/onnx_embedder.h"
#include "embed/service_encoder.h"
#include "http/url.h"

namespace mcpo::app {
namespace {

using EncoderPtr = std::unique_ptr<embed::Encoder>;

Result<EncoderPtr> make_local(const Config& config, async::Executor executor, Logger& log) {
  embed::ModelPlaces places{.model_name = config.embedding_model,
                            .model_dir = config.model_dir,
                            .program_dir = embed::program_folder()};
  TRY(embed::ModelFiles files, embed::find_model(places));
  auto load =
      [files](const std::stop_token& stop) -> Result<std::shared_ptr<const embed::TextModel>> {
    TRY(auto model, embed::OnnxEmbedder::load(files, stop));
    return std::shared_ptr<const embed::TextModel>(std::move(model));
  };
  embed::LocalEncoderOptions options{.threads = config.embedding_threads};
  return std::make_unique<embed::LocalEncoder>(std::move(executor), std::move(load), options, log);
}

Result<std::string> service_key(const Config& config) {
  if (config.embedding_service_key_file.empty()) return config.embedding_service_key;
  TRY(std::string text, embed::read_small_file(config.embedding_service_key_file, 64 << 10));
  return std::string(trim(text));
}

Result<EncoderPtr> make_service(const Config& config, http::Client& http, const Clock& clock,
                                Logger& log) {
  embed::ServiceOptions options;
  TRY(options.url, http::parse_url(config.embedding_service_url));
  TRY(options.key, service_key(config));
  options.model = config.embedding_model;
  return std::make_unique<embed::ServiceEncoder>(http, clock, std::move(options), log);
}

}  // namespace

catalog::Trouble Semantics::trouble() const {
  if (!encoder) return {since, why_not};
  const embed::EncoderHealth health = encoder->health();
  if (health.state != embed::EncoderHealth::State::failed) return {};
  return {since, health.reason};
}

Semantics make_semantics(const Config& config, http::Client& http, const Clock& clock,
                         async::Executor executor, Logger& log) {
  Semantics out{.since = clock.wall_now()};
  if (config.semantic_share == 0) return out;
  auto encoder = config.embedding_service_url.empty() ? make_local(config, std::move(executor), log)
                                                      : make_service(config, http, clock, log);
  if (!encoder) {
    out.why_not = encoder.error().message;
    log.warn("search goes by words only: there is nothing that turns texts into vectors",
             {{"cause", out.why_not}});
    return out;
  }
  out.encoder = *std::move(encoder);
  embed::ToolEncoderOptions options{
      .cached_requests = config.embedding_cache ? embed::ToolEncoderOptions{}.cached_requests : 0};
  out.tools = std::make_unique<embed::ToolEncoder>(*out.encoder, options);
  return out;
}

}  // namespace mcpo::app
