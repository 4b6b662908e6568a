// One HTTP request of anybody: "METHOD\nName: value\n...\n\nbody". The value LIVE becomes the id of
// an open session. Every request gets one answer, and what says that it is JSON is JSON.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "mcp/transport/endpoint_harness.h"

namespace {

using namespace mcpo;
using namespace mcpo::mcp;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

http::Request read_request(std::string_view input, EndpointHarness& harness) {
  const std::string_view method = take_line(input);
  Fields fields;
  for (std::string_view line = take_line(input); !line.empty(); line = take_line(input)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string value(trim(line.substr(colon + 1)));
    if (value == "LIVE") value = harness.open();
    if (value == "LIVE-25A") value = harness.open("2025-03-26");
    fields.emplace_back(line.substr(0, colon), std::move(value));
  }
  return EndpointHarness::request(std::string(method), std::move(fields), std::string(input));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  EndpointHarness harness;
  http::Request request = read_request({reinterpret_cast<const char*>(data), size}, harness);
  Exchanged& got = harness.send(request);
  harness.features.release();
  harness.poll();
  if (!got.finished) {  // a stream that stays open
    require(got.writer.streamed);
    harness.disconnect(got, request);
  }
  require(got.finished && got.writer.begun());
  require(got.status() >= 200 && got.status() < 600);
  if (got.header("Content-Type") == "application/json") {
    require(parse_json(got.body(), {}).has_value());
  }
  return 0;
}
