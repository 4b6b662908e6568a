// What calls teach, without a store.
#include <gtest/gtest.h>

#include "catalog/change_set.h"
#include "catalog/store.h"
#include "gateway/usage_book.h"
#include "search/fusion.h"

namespace mcpo::gateway {
namespace {

const SourceInstance kConfig{"config", "/mcp.json"};
const SteadyTime kStart{};

ServerKey server(const std::string& name) { return {kConfig, "", name}; }

UsageBook::Vector request(std::vector<float> direction) { return search::to_fixed(direction); }

std::vector<search::Used> used_for(UsageBook& book, std::vector<float> direction,
                                   const std::shared_ptr<const View>& view) {
  return book.used_for(search::RequestEmbedding{.vector = search::to_fixed(direction)}, view);
}

// A server with tools of these names.
void add_server(catalog::ChangeSet& changes, const std::string& name,
                const std::vector<std::string>& tools, const std::string& status = "running") {
  catalog::Server made;
  made.key = server(name);
  made.display_name = name;
  made.status = status;
  auto list = std::make_shared<std::vector<catalog::CatalogTool>>();
  for (const std::string& tool : tools) {
    const std::string json = R"({"name":")" + tool + R"(","inputSchema":{"type":"object"}})";
    list->push_back({tool, json, content_hash(json)});
  }
  changes.tools[made.key] = list;
  changes.upserts.push_back(std::move(made));
}

std::shared_ptr<const View> view_of(const catalog::ChangeSet& changes) {
  std::int64_t next_id = 1;
  auto catalog = std::make_shared<const catalog::Catalog>(catalog::apply({}, changes, next_id));
  View::PreparedCache cache;
  return View::build(std::move(catalog), Visibility{{kConfig}}, cache, EmbeddingBook{});
}

std::shared_ptr<const View> some_view() {
  catalog::ChangeSet changes;
  add_server(changes, "mail", {"send", "archive"});
  add_server(changes, "chat", {"send"});
  add_server(changes, "off", {"send"}, "stopped");
  return view_of(changes);
}

std::string name_of(const View& view, search::DocId doc) {
  return view.tool(doc).server->name() + "." + view.tool(doc).tool().name;
}

TEST(UsageBook, WhatWasCalledCountsForSimilarRequests) {
  const auto view = some_view();
  UsageBook book;
  EXPECT_TRUE(used_for(book, {1, 0}, view).empty());
  book.offered(request({1, 0}), {{server("mail"), "send"}, {server("chat"), "send"}}, kStart);
  const auto learned = book.called({server("chat"), "send"}, kStart + Millis(1));
  ASSERT_TRUE(learned);
  EXPECT_EQ(learned->server, server("chat"));
  EXPECT_EQ(learned->request.size(), 4U);
  const auto same = used_for(book, {1, 0}, view);
  ASSERT_EQ(same.size(), 1U);
  EXPECT_EQ(name_of(*view, same[0].doc), "chat.send");
  EXPECT_NEAR(same[0].nearness, 1, 1e-3);
  const auto similar = used_for(book, {.8F, .6F}, view);
  ASSERT_EQ(similar.size(), 1U);
  EXPECT_NEAR(similar[0].nearness, search::usage_nearness(.8F), 1e-3);
  EXPECT_TRUE(used_for(book, {0, 1}, view).empty());
}

TEST(UsageBook, OnlyWhatWasOfferedLatelyTeaches) {
  UsageBook book;
  const ToolKey send{server("mail"), "send"};
  EXPECT_FALSE(book.called(send, kStart));
  book.offered(request({1, 0}), {send}, kStart);
  EXPECT_FALSE(book.called({server("mail"), "archive"}, kStart));
  EXPECT_FALSE(book.called(send, kStart + UsageBook::kOfferLifetime + Millis(1)));
  book.offered(request({1, 0}), {send}, kStart);
  for (std::size_t i = 0; i < UsageBook::kMaxOffers; ++i) {
    book.offered(request({0, 1}), {{server("chat"), "send"}}, kStart);
  }
  EXPECT_FALSE(book.called(send, kStart));
  EXPECT_EQ(book.size(), 0U);
}

TEST(UsageBook, AHabitIsOneMemory) {
  UsageBook book;
  const ToolKey send{server("mail"), "send"};
  book.offered(request({1, 0}), {send}, kStart);
  EXPECT_TRUE(book.called(send, kStart));
  book.offered(request({1, .1F}), {send}, kStart);
  EXPECT_FALSE(book.called(send, kStart));  // nearly the same request
  book.offered(request({1, 1}), {send}, kStart);
  EXPECT_TRUE(book.called(send, kStart));
  EXPECT_EQ(book.size(), 2U);
}

TEST(UsageBook, TheOfferThatPlacedItBestExplainsTheCallOfEqualsTheNewest) {
  UsageBook book;
  const auto view = some_view();
  const ToolKey send{server("mail"), "send"};
  book.offered(request({-1, 0}), {send}, kStart);
  book.offered(request({1, 0}), {send}, kStart);
  book.offered(request({0, 1}), {{server("chat"), "send"}, send}, kStart);
  EXPECT_TRUE(book.called(send, kStart));
  EXPECT_EQ(used_for(book, {1, 0}, view).size(), 1U);
  EXPECT_TRUE(used_for(book, {0, 1}, view).empty());
  EXPECT_TRUE(book.called({server("chat"), "send"}, kStart));
}

TEST(UsageBook, ARepeatedCallTeachesNothing) {
  UsageBook book;
  const ToolKey read{server("files"), "read"};
  const ToolKey erase{server("files"), "erase"};
  book.offered(request({1, 0}), {erase, read}, kStart);
  book.offered(request({0, 1}), {read}, kStart);
  EXPECT_TRUE(book.called(read, kStart));
  EXPECT_FALSE(book.called(read, kStart));
  book.offered(request({-1, 0}), {erase, read}, kStart);
  EXPECT_TRUE(book.called(read, kStart));
  EXPECT_EQ(book.size(), 2U);
}

TEST(UsageBook, WhatTheViewDoesNotOfferDoesNotCount) {
  UsageBook book;
  for (const char* name : {"mail", "off", "gone"}) {
    book.offered(request({1, 0}), {{server(name), "send"}}, kStart);
    EXPECT_TRUE(book.called({server(name), "send"}, kStart));
  }
  const auto view = some_view();
  EXPECT_EQ(used_for(book, {1, 0}, view).size(), 1U);
  // A later view is looked at anew.
  catalog::ChangeSet changes;
  add_server(changes, "off", {"before", "send"});
  const auto next = view_of(changes);
  const auto used = used_for(book, {1, 0}, next);
  ASSERT_EQ(used.size(), 1U);
  EXPECT_EQ(name_of(*next, used[0].doc), "off.send");
}

TEST(UsageBook, LoadsWhatWasStoredAndNothingElse) {
  UsageBook first;
  first.offered(request({1, 0}), {{server("mail"), "send"}}, kStart);
  const auto learned = first.called({server("mail"), "send"}, kStart);
  ASSERT_TRUE(learned);
  UsageBook second;
  second.offered(request({0, 1}), {{server("chat"), "send"}}, kStart);
  EXPECT_TRUE(second.called({server("chat"), "send"}, kStart));
  const std::string too_long("\xff\x7f\xff\x7f", 4);
  second.load({{server("mail"), "archive", too_long},
               {server("mail"), "archive", "odd"},
               {server("mail"), "archive", std::string(10, 'x')},
               {server("mail"), "archive", ""},
               *learned},
              2);
  EXPECT_EQ(second.size(), 2U);
  EXPECT_EQ(used_for(second, {1, 0}, some_view()).size(), 1U);
  EXPECT_EQ(used_for(second, {0, 1}, some_view()).size(), 1U);    // its own is not lost
  EXPECT_TRUE(used_for(second, {1, 0, 0}, some_view()).empty());  // of another model
}

TEST(UsageBook, ForgetsTheOldestBeyondItsLimit) {
  UsageBook book;
  std::vector<catalog::UsedTool> stored;
  const std::vector<search::Fixed> vector = search::to_fixed(std::vector<float>{1, 0});
  const std::string bytes(reinterpret_cast<const char*>(vector.data()), 4);
  for (std::size_t i = 0; i <= catalog::kMaxUsedTools; ++i) {
    stored.push_back({server("mail"), i == 0 ? "send" : "t" + std::to_string(i), bytes});
  }
  book.load(stored, 2);
  EXPECT_EQ(book.size(), catalog::kMaxUsedTools);
  EXPECT_TRUE(used_for(book, {1, 0}, some_view()).empty());
}

}  // namespace
}  // namespace mcpo::gateway
