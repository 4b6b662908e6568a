// Texts to vectors, whoever computes them: a model in this process (LocalEncoder) or a service
// (ServiceEncoder). On the I/O thread; the work itself runs elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "async/task.h"

namespace mcpo::embed {

struct Token {
  std::uint32_t id = 0;
  std::size_t begin = 0;  // bytes of the text
  std::size_t end = 0;
};

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
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  // Names model, runtime and text preparation: vectors of different identities do not compare.
  virtual const std::string& identity() const = 0;
  // In the order of `jobs`. Errors: unavailable (queue full, service down), timeout, cancelled.
  virtual async::Task<std::vector<Encoding>> encode(std::vector<EncodeJob> jobs, Priority priority,
                                                    async::Deadline deadline) = 0;
  // Whether a token is a word: rows of punctuation say nothing about a name.
  virtual bool is_word(std::uint32_t token) const = 0;
  // The token's own text, "##" cut off; empty when it has none.
  virtual std::string_view piece(std::uint32_t token) const = 0;
};

}  // namespace mcpo::embed
