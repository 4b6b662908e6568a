// A model in this process, with its own threads. Making one is cheap: a worker loads the model.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "async/task.h"
#include "base/log.h"
#include "embed/encoder.h"
#include "embed/text_model.h"

namespace mcpo::embed {

struct LocalEncoderOptions {
  std::size_t threads = 2;        // EMBEDDING_THREADS
  std::size_t max_waiting = 256;  // texts of each priority
  Millis rest_after{1000};        // without work: the model may give memory back
  Millis stop_grace{1000};        // how long stop() waits for the loading to notice
};

// On `executor` (one thread), but for the destructor and stop(), which may run anywhere as long as
// nobody uses the encoder meanwhile.
class LocalEncoder final : public Encoder {
 public:
  // Runs on a thread of its own and should return soon once stop is requested. One that does not is
  // left behind by stop(): it must own what it uses. Its error is kept: the encoder then fails
  // every call with it.
  using Load = std::function<Result<std::shared_ptr<const TextModel>>(std::stop_token)>;

  LocalEncoder(async::Executor executor, Load load, LocalEncoderOptions options, Logger& log);
  ~LocalEncoder() override;

  async::Task<void> ready(async::Deadline deadline) override;
  EncoderHealth health() const override;
  const std::string& identity() const override;
  // Up to `max_waiting` texts a call; more: too_large. A cancelled or late call's texts are not
  // encoded any more, but for those in work. While bulk work keeps all threads busy, an interactive
  // text waits for one of those texts to end, at most. While the model loads, calls wait for it;
  // once an interactive one has waited in vain, the next ones are told unavailable at once.
  async::Task<std::vector<Encoding>> encode(std::vector<EncodeJob> jobs, Priority priority,
                                            async::Deadline deadline) override;
  bool is_word(std::uint32_t token) const override;
  std::string_view piece(std::uint32_t token) const override;

  std::size_t waiting() const;  // texts
  // Finishes the texts in work, fails what waits with cancelled, joins. A model that still loads is
  // given up: within `stop_grace`, whatever it does. Idempotent.
  void stop();

 private:
  struct State;
  struct Loading;
  static async::Task<void> wait_ready(std::shared_ptr<State> state, async::Deadline deadline);
  static async::Task<std::vector<Encoding>> why_closed(std::shared_ptr<State> state,
                                                       async::Deadline deadline);

  std::shared_ptr<State> state_;
  std::shared_ptr<Loading> loading_;
  std::thread loader_;
  std::vector<std::jthread> threads_;
};

}  // namespace mcpo::embed
