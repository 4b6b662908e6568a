#include "mcp/modern/subscription.h"

#include "mcp/dispatcher.h"
#include "mcp/object_text.h"

namespace mcpo::mcp::modern {
namespace {

std::string subscription_meta(std::string_view id) {
  ObjectText meta;
  return meta.add(kMetaSubscriptionId, id).take();
}

}  // namespace

std::optional<RpcError> check_listen(const Message& request) {
  auto wanted = request.params ? request.params->find("notifications") : std::nullopt;
  if (wanted && wanted->is_object()) return std::nullopt;
  return RpcError{kInvalidParams, "subscriptions/listen wants params.notifications, an object", {}};
}

std::string acknowledged(std::string_view id) {
  ObjectText params;
  params.add("_meta", subscription_meta(id)).add("notifications", "{}");
  return make_notification("notifications/subscriptions/acknowledged", params.take());
}

std::string listen_result(std::string_view id, std::string_view server_info) {
  ObjectText result;
  const std::string text = result.add("_meta", subscription_meta(id)).take();
  return make_result(id, stamp_modern(RawJson::trusted(text), server_info));
}

std::string listen_cancelled(std::string_view id) {
  ObjectText params;
  params.add("_meta", subscription_meta(id)).add("requestId", id);
  return make_notification("notifications/cancelled", params.take());
}

}  // namespace mcpo::mcp::modern
