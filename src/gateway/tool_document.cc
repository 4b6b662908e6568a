#include "gateway/tool_document.h"

#include <utility>

#include "mcp/tool.h"

namespace mcpo::gateway {
namespace {

std::string text_of(RawJson object, std::string_view name) {
  const auto value = object.find(name);
  return value ? value->as_string().value_or("") : std::string();
}

}  // namespace

search::Document tool_document(RawJson definition) {
  search::Document out;
  out.title = text_of(definition, "title");
  if (out.title.empty()) {
    if (const auto annotations = definition.find("annotations")) {
      out.title = text_of(*annotations, "title");
    }
  }
  out.description = text_of(definition, "description");
  mcp::ParameterTexts parameters = mcp::parameter_texts(definition);
  out.parameter_names = std::move(parameters.names);
  out.parameter_texts = std::move(parameters.texts);
  return out;
}

}  // namespace mcpo::gateway
