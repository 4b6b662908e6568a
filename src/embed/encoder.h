// Texts to vectors, whoever computes them: a model in this process (LocalEncoder) or a service
// (ServiceEncoder). On the I/O thread; the work itself runs elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "async/deadline.h"
#include "async/task.h"
#include "base/clock.h"
#include "embed/token.h"

namespace mcpo::embed {

// One text, encoded. Special tokens ([CLS], [SEP]) are not in `tokens` and `rows`.
struct Encoding {
  std::vector<float> vector;  // pooled, norm 1
  std::vector<Token> tokens;  // empty from a service
  std::vector<float> rows;    // tokens x dimension, each of norm 1; empty unless asked for
};

enum class Role { document, query };  // models may want another prefix for each
enum class Priority {
  interactive,  // somebody waits for it: goes first
  bulk
};
enum class Rows { none, all };

struct EncodeJob {
  std::string text;
  Role role = Role::document;
  Rows rows = Rows::none;
  // Special tokens among them; what comes later is not read. The model may allow fewer.
  std::size_t max_tokens = 128;
};

// For /health and for people.
struct EncoderHealth {
  enum class State { starting, ready, failed };
  State state = State::starting;
  std::string reason;  // while failed: what is wrong and what to do
  WallTime since;      // while failed: since when; 0: from the beginning
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  // Returns when identity() is known and texts can be encoded. Errors: why they cannot be (for
  // good: not_found, invalid; for now: unavailable), timeout, cancelled. Looks again after a
  // failure.
  virtual async::Task<void> ready(async::Deadline deadline) = 0;
  virtual EncoderHealth health() const = 0;
  // Names model, runtime and text preparation: vectors of different identities do not compare.
  // Empty until ready() has succeeded, then it never changes.
  virtual const std::string& identity() const = 0;
  // In the order of `jobs`. Waits until the encoder is ready. Errors: unavailable (queue full,
  // service down, no model), timeout, cancelled.
  virtual async::Task<std::vector<Encoding>> encode(std::vector<EncodeJob> jobs, Priority priority,
                                                    async::Deadline deadline) = 0;
  // Whether a token is a word: rows of punctuation say nothing about a name. False until ready.
  virtual bool is_word(std::uint32_t token) const = 0;
  // As in the vocabulary: "##ing" continues a word. Empty for what it has not, and until ready.
  virtual std::string_view piece(std::uint32_t token) const = 0;
};

}  // namespace mcpo::embed
