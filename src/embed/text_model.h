// A model in this process that encodes one text on the calling thread. LocalEncoder brings it
// threads and a queue.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "embed/encoder.h"

namespace mcpo::embed {

// Immutable: any number of threads may use one.
class TextModel {
 public:
  virtual ~TextModel() = default;
  virtual const std::string& identity() const = 0;  // see Encoder
  // Errors: internal (the runtime failed).
  virtual Result<Encoding> encode(const EncodeJob& job) const = 0;
  // There has been nothing to do for a while: gives back memory that only work needs. Others may be
  // encoding meanwhile.
  virtual void rest() const {}
  virtual bool is_word(std::uint32_t token) const = 0;
  virtual std::string_view piece(std::uint32_t token) const = 0;
};

}  // namespace mcpo::embed
