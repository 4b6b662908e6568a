// Any bytes as a service's answers: refused, or as many vectors of norm 1 as there were texts.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "embed/service_protocol.h"

namespace {

using namespace mcpo::embed;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_vectors(ServiceKind kind, std::string_view body) {
  const auto vectors = parse_vectors(kind, body, 2);
  if (!vectors) return;
  check(vectors->size() == 2);
  for (const auto& vector : *vectors) {
    double norm = 0;
    for (const float x : vector) norm += double{x} * x;
    check(std::abs(norm - 1) < 1e-3);
    check(vector.size() == vectors->front().size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  check_vectors(ServiceKind::openai, body);
  check_vectors(ServiceKind::tei, body);
  if (const auto info = parse_info(body)) check(info->max_batch >= 1 && info->max_batch <= 1024);
  check(error_text(body).size() < 256);
  return 0;
}
