// An embeddings service over HTTP: OpenAI-compatible, or text-embeddings-inference (TEI). Gives
// pooled vectors only, no tokens and no rows.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/log.h"
#include "embed/encoder.h"
#include "embed/service_protocol.h"
#include "http/client.h"

namespace mcpo::embed {

struct ServiceOptions {
  http::Url url;               // --embedding-service-url: the endpoint, or the base of its API
  std::string key;             // bearer token; empty: none
  std::string model;           // the "model" of OpenAI's requests; TEI has one only
  Millis timeout{30'000};      // of one request
  Millis cool_down{5'000};     // after a failure: calls fail at once for so long, and as long as
                               // Retry-After says (five minutes at most)
  std::size_t max_batch = 32;  // texts a request; TEI's own limit holds where it says one
  std::size_t max_response_bytes = std::size_t{32} << 20;
};

// On one executor. Errors of its calls, beside Encoder's: denied (the key), not_found (the URL or
// the model), invalid (a text that the service refuses), corrupt (an answer that makes no sense).
// Their messages name the service without user information and query, and never the key.
class ServiceEncoder final : public Encoder {
 public:
  // Borrows client, clock and log.
  ServiceEncoder(http::Client& client, const Clock& clock, ServiceOptions options, Logger& log);

  // Learns the service's kind, model and vector length: up to two requests, until they succeed.
  // After a failure it is one request again, to see whether the service is back.
  async::Task<void> ready(async::Deadline deadline) override;
  EncoderHealth health() const override;
  const std::string& identity() const override { return identity_; }
  async::Task<std::vector<Encoding>> encode(std::vector<EncodeJob> jobs, Priority priority,
                                            async::Deadline deadline) override;
  bool is_word(std::uint32_t) const override { return false; }
  std::string_view piece(std::uint32_t) const override { return {}; }

 private:
  using Vectors = std::vector<std::vector<float>>;
  async::Task<void> look(async::Deadline deadline);
  async::Task<void> learn(async::Deadline deadline);
  async::Task<std::optional<ServiceInfo>> ask_info(async::Deadline deadline);
  async::Task<Vectors> post(std::vector<std::string> texts, async::Deadline deadline);
  async::Task<Vectors> post_or_tell_why(std::vector<std::string> texts, async::Deadline deadline);
  struct Answer;
  async::Task<Answer> exchange(http::Url url, http::Request request, async::Deadline deadline);
  http::Request request_of(std::string method, std::string body) const;
  std::string text_of(const EncodeJob& job) const;
  Error error_of(const Answer& answer) const;
  std::string without_key(std::string text) const;
  std::optional<Error> cooling() const;
  void note(const Error& error);
  void note_success();

  http::Client& client_;
  const Clock& clock_;
  const ServiceOptions options_;
  Logger& log_;

  ServiceKind kind_ = ServiceKind::openai;  // known once learnt
  ServiceInfo info_;
  std::string query_prefix_;
  std::string document_prefix_;
  std::size_t dimension_ = 0;  // 0: not known yet
  std::string identity_;
  std::optional<Error> failure_;  // the last call's, when it failed
  WallTime failing_since_{};
  SteadyTime down_until_{};
  Millis retry_after_{0};  // of the last answer
};

}  // namespace mcpo::embed
