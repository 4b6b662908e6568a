#include "sources/toolhive/api_parse.h"

#include <gtest/gtest.h>

#include "sources/toolhive/fixtures.h"

namespace mcpo::sources::toolhive {
namespace {

TEST(ParseWorkloadList, ReadsARealList) {
  const auto list = parse_workload_list(body_of("workloads-all"));
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 10u);
  const ListedWorkload& sse = list->at(2);
  EXPECT_EQ(sse.name, "everything-sse");
  EXPECT_EQ(sse.url, "http://127.0.0.1:20003/sse#everything-sse");
  EXPECT_EQ(sse.transport, "sse");
  EXPECT_EQ(sse.port, 20003);
  EXPECT_TRUE(sse.remote);
  EXPECT_EQ(list->at(1).group, "research");
  EXPECT_EQ(list->at(4).status, "error");
  for (const ListedWorkload& item : *list) EXPECT_EQ(item.problem, "");
}

TEST(ParseWorkloadList, NullIsNoWorkloads) {
  const auto list = parse_workload_list(body_of("workloads-none"));
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->empty());
  EXPECT_TRUE(parse_workload_list(R"({"workloads":[]})")->empty());
}

TEST(ParseWorkloadList, OneBadItemCostsNoOther) {
  const auto list = parse_workload_list(
      R"({"workloads":[null,7,{},{"name":"a","url":[],"port":"x","remote":1,"status":null},
          {"name":"b","transport_type":"stdio","proxy_mode":"sse","package":"img"}]})");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 5u);
  EXPECT_EQ(list->at(0).problem, "an item of the list is not an object");
  EXPECT_EQ(list->at(2).problem, "an item of the list has no name");
  EXPECT_EQ(list->at(3).name, "a");
  EXPECT_EQ(list->at(3).problem,
            "its \"url\" is not a string; its \"port\" is no port; its \"remote\" is neither true "
            "nor false");
  EXPECT_EQ(list->at(4).transport, "sse");
  EXPECT_EQ(list->at(4).problem, "");
}

TEST(ParseWorkloadList, EverythingElseIsCorruptAndNotEchoed) {
  for (const std::string body : {"", " \n", "<html>api_key=secret</html>", R"({"workloads":)", "[]",
                                 "null", "{}", R"({"workloads":{}})", R"({"workloads":"secret"})",
                                 R"({"error":"secret"})", "secret", "{\"workloads\":[]}{"}) {
    const auto list = parse_workload_list(body);
    ASSERT_FALSE(list) << body;
    EXPECT_EQ(list.error().code, Errc::corrupt) << body;
    EXPECT_EQ(list.error().message.find("secret"), std::string::npos) << list.error().message;
  }
}

TEST(ParseDetails, KeepsTheUrlByteForByte) {
  EXPECT_EQ(parse_details(body_of("workload-details-url-with-secret-query"))->url,
            "http://127.0.0.1:9004/mcp?api_key=secret");
  EXPECT_EQ(parse_details(body_of("workload-details-url-without-path"))->url.find("http://"), 0u);
  EXPECT_EQ(parse_details(R"({"image":"npx://x","name":"x"})")->url, "");
}

TEST(ParseDetails, AnotherShapeIsCorrupt) {
  for (const std::string body :
       {R"({"error":"x"})", R"({"url":7,"image":"secret"})", R"("text")", "404 page not found"}) {
    const auto details = parse_details(body);
    ASSERT_FALSE(details) << body;
    EXPECT_EQ(details.error().code, Errc::corrupt);
    EXPECT_EQ(details.error().message.find("secret"), std::string::npos);
  }
}

TEST(ParseExport, HasTheRegistryEntryThatItWasStartedFrom) {
  EXPECT_EQ(parse_export(body_of("workload-export-from-registry"))->registry_server_name,
            "io.github.stacklok/aws-knowledge");
  EXPECT_EQ(parse_export(body_of("workload-export-plain"))->registry_server_name, "");
  EXPECT_FALSE(parse_export("{}"));
}

TEST(ParseOthers, ReadWhatARealOneAnswers) {
  EXPECT_EQ(*parse_status(body_of("workload-status-of-stopped")), "stopped");
  EXPECT_EQ(*parse_version(body_of("version")), "v0.44.0");
  EXPECT_EQ(*parse_groups(body_of("groups")), std::vector<std::string>{"default"});
  EXPECT_EQ(parse_registries(body_of("registries"))->last_updated, "2026-08-24T05:17:28Z");
  EXPECT_EQ(parse_created(body_of("workload-create-201")).port, 20004);
  EXPECT_EQ(*parse_secret_keys(R"({"keys":[{"key":"a"},{"key":"b","description":"x"},{}]})"),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(parse_secret_keys(R"({"keys":null})")->empty());
  EXPECT_FALSE(parse_registries(R"({"registries":[{"name":"other"}]})"));
  EXPECT_EQ(parse_created("<html>").name, "");
}

Errc code_of(Asked asked, const std::string& name) {
  const Recording r = recording(name);
  return refusal(asked, r.status, r.body).code;
}

TEST(Refusal, TellsTheCasesOfACreateApart) {
  EXPECT_EQ(code_of(Asked::creating, "workload-create-409-name-taken"), Errc::conflict);
  EXPECT_EQ(code_of(Asked::creating, "workload-create-400-unknown-registry"), Errc::invalid);
  EXPECT_EQ(code_of(Asked::creating, "workload-create-500-unknown-group"), Errc::unavailable);
  const auto text = [](const std::string& name) {
    const Recording r = recording(name);
    return refusal(Asked::creating, r.status, r.body).message;
  };
  EXPECT_EQ(text("workload-create-404-server-not-in-registry"),
            "ToolHive's registry has no server of this name");
  EXPECT_EQ(text("workload-create-404-image-not-pullable"),
            "the image cannot be pulled: its registry does not have it");
  EXPECT_EQ(text("workload-create-400-registry-name-as-name"),
            "ToolHive does not accept this workload name");
}

TEST(Refusal, ByStatus) {
  EXPECT_EQ(code_of(Asked::reading, "workload-status-404"), Errc::not_found);
  EXPECT_EQ(refusal(Asked::reading, 401, "").code, Errc::denied);
  EXPECT_EQ(refusal(Asked::reading, 503, "").code, Errc::unavailable);
  EXPECT_EQ(refusal(Asked::reading, 302, "").code, Errc::corrupt);
  EXPECT_EQ(refusal(Asked::reading, 413, "").code, Errc::too_large);
}

TEST(Refusal, RegistryCodesSayWhatToDo) {
  const auto text = [](int status, const std::string& code) {
    return refusal(Asked::registry, status, R"({"code":")" + code + R"(","message":"m"})").message;
  };
  EXPECT_NE(text(503, "registry_auth_required").find("thv registry login"), std::string::npos);
  EXPECT_NE(text(502, "registry_legacy_format").find("thv registry convert"), std::string::npos);
  EXPECT_NE(text(503, "registry_unavailable").find("cannot reach its registry"), std::string::npos);
  EXPECT_EQ(text(503, "other"), "HTTP status 503");
}

TEST(CreateBody, HasWhatIsGivenAndNothingElse) {
  EXPECT_EQ(create_body({.name = "fetch", .server = "io.github.stacklok/fetch"}),
            R"({"name":"fetch","registry":"default","server":"io.github.stacklok/fetch"})");
  CreateRequest request{.name = "gh", .server = "s", .group = "work"};
  request.env = {{"HOST", "h"}};
  request.secrets = {{"gh-token", "GITHUB_TOKEN"}};
  request.headers = {{"X-Tenant", "t"}};
  request.headers_from_secrets = {{"X-Key", "key"}};
  EXPECT_EQ(create_body(request),
            R"({"name":"gh","registry":"default","server":"s","group":"work",)"
            R"("env_vars":{"HOST":"h"},"secrets":[{"name":"gh-token","target":"GITHUB_TOKEN"}],)"
            R"("header_forward":{"add_plaintext_headers":{"X-Tenant":"t"},)"
            R"("add_headers_from_secret":{"X-Key":"key"}}})");
}

TEST(WorkloadPath, EscapesWhateverAName) {
  EXPECT_EQ(*workload_path("with.query_key", "/status"),
            "/api/v1beta/workloads/with.query_key/status");
  EXPECT_EQ(*workload_path("a/b?c#d e", ""), "/api/v1beta/workloads/a%2fb%3fc%23d%20e");
  EXPECT_FALSE(workload_path("..", ""));
  EXPECT_FALSE(workload_path("", ""));
}

}  // namespace
}  // namespace mcpo::sources::toolhive
