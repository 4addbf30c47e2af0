#include "storage/content_store.h"

#include "crypto/content_id.h"
#include "storage/test_databases.h"

#include <algorithm>
#include <fstream>
#include <thread>

namespace assay::storage {
namespace {

using codec::Cid;

Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }

class ContentStoreTest : public testing::Test {
protected:
    TestFolder folder{TestFolder::in_memory()};
    std::unique_ptr<ContentStore> store = must(ContentStore::open(folder / "store"));

    void reopen(ContentStore::Options options = {}) {
        store.reset();
        store = must(ContentStore::open(folder / "store", options));
    }
    std::size_t unfinished() const {
        const std::filesystem::directory_iterator files(folder / "store/unfinished");
        return static_cast<std::size_t>(std::distance(begin(files), end(files)));
    }
};

/// The CID is the one that `ipfs block put` and `ipfs add --raw-leaves` give these bytes.
TEST_F(ContentStoreTest, KeepsBlobsUnderTheirCids) {
    const Cid raw = must(store->put(codec::kCodecRaw, as_byte_view("hello world")));
    EXPECT_EQ(raw.to_string(), "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
    const Cid cbor = must(store->put(codec::kCodecDagCbor, as_byte_view("\x80")));
    const Cid empty = must(store->put(codec::kCodecRaw, {}));
    reopen();
    EXPECT_EQ(must(store->get(raw)), bytes_of("hello world"));
    EXPECT_EQ(must(store->get(cbor)), bytes_of("\x80"));
    EXPECT_EQ(must(store->get(empty)), Bytes());
    EXPECT_EQ(must(store->verify(raw)), 11U);
    EXPECT_EQ(must(store->list()).size(), 3U);
    EXPECT_EQ(unfinished(), 0U);
}

TEST_F(ContentStoreTest, ReadsOnlyWhatHasTheHash) {
    const Cid cid = must(store->put(codec::kCodecRaw, as_byte_view("contents")));
    const std::filesystem::path path = must(store->path_of(cid));
    std::ofstream(path) << "contentz";
    EXPECT_EQ(store->get(cid).error().code, ErrorCode::malformed);
    EXPECT_EQ(store->verify(cid).error().code, ErrorCode::malformed);
    EXPECT_EQ(must(store->put(codec::kCodecRaw, as_byte_view("contents"))), cid); // mends it
    EXPECT_EQ(must(store->get(cid)), bytes_of("contents"));
}

TEST_F(ContentStoreTest, RefusesByName) {
    const Cid cid = crypto::content_id(codec::kCodecRaw, as_byte_view("a"));
    EXPECT_EQ(store->put(cid, as_byte_view("b")).error().code, ErrorCode::malformed);
    EXPECT_EQ(store->get(cid).error().code, ErrorCode::not_found);
    EXPECT_FALSE(must(store->remove(cid)));
    EXPECT_EQ(store->put(0x99, as_byte_view("a")).error().code, ErrorCode::unsupported);
    EXPECT_EQ(store->get(must(Cid::make_v0(Bytes(32)))).error().code, ErrorCode::unsupported);
    EXPECT_EQ(store->put_file(folder / "none").error().code, ErrorCode::not_found);
    EXPECT_EQ(store->put_file(folder.path()).error().code, ErrorCode::io);
    EXPECT_EQ(unfinished(), 0U);
    EXPECT_EQ(ContentStore::open(folder / "store").error().code, ErrorCode::io);
}

TEST_F(ContentStoreTest, SizesAreLimited) {
    reopen({.blob_bytes_max = 1000, .get_bytes_max = 100});
    EXPECT_EQ(store->put(codec::kCodecRaw, Bytes(1001)).error().code, ErrorCode::resource_exhausted);
    const Cid cid = must(store->put(codec::kCodecRaw, Bytes(1000)));
    EXPECT_EQ(store->get(cid).error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(must(store->verify(cid)), 1000U);
    EXPECT_EQ(unfinished(), 0U);
}

TEST_F(ContentStoreTest, StreamsFiles) {
    std::string contents(std::size_t{5} << 20, '\0');
    for (std::size_t i = 0; i < contents.size(); ++i) contents[i] = static_cast<char>(i * 2654435761U >> 15);
    std::ofstream(folder / "large", std::ios::binary) << contents;
    const Cid cid = must(store->put_file(folder / "large"));
    EXPECT_EQ(cid, crypto::content_id(codec::kCodecRaw, as_byte_view(contents)));
    EXPECT_EQ(must(store->get(cid)), bytes_of(contents));
    EXPECT_EQ(must(store->put_file(folder / "large")), cid);
    EXPECT_EQ(must(store->list()).size(), 1U);
}

TEST_F(ContentStoreTest, RemovesAndListsInOrder) {
    std::vector<Cid> cids;
    for (int i = 0; i < 50; ++i) cids.push_back(must(store->put(codec::kCodecRaw, as_byte_view(std::to_string(i)))));
    EXPECT_TRUE(must(store->remove(cids[7])));
    EXPECT_FALSE(store->contains(cids[7]));
    cids.erase(cids.begin() + 7);
    std::ranges::sort(cids);
    std::ofstream(folder / "store/blobs/stray") << "x";
    const auto listed = must(store->list());
    ASSERT_EQ(listed.size(), cids.size());
    for (std::size_t i = 0; i < cids.size(); ++i) EXPECT_EQ(listed[i].cid, cids[i]);
}

TEST_F(ContentStoreTest, WhatACrashLeftIsRemoved) {
    {
        BlobWriter dropped = must(store->begin_put());
        must(dropped.append(as_byte_view("half")));
        EXPECT_EQ(unfinished(), 1U);
    }
    EXPECT_EQ(unfinished(), 0U);
    std::ofstream(folder / "store/unfinished/17") << "half of a blob";
    reopen();
    EXPECT_EQ(unfinished(), 0U);
    EXPECT_TRUE(must(store->list()).empty());
}

TEST_F(ContentStoreTest, ThreadsMayPutAndRemoveTheSameBlobs) {
    const auto work = [&](int thread) {
        for (int i = 0; i < 60; ++i) {
            const std::string text = std::to_string(i % 10);
            const Cid cid = must(store->put(codec::kCodecRaw, as_byte_view(text)));
            const auto read = store->get(cid);
            if (read) EXPECT_EQ(*read, bytes_of(text));
            else EXPECT_EQ(read.error().code, ErrorCode::not_found);
            if (i % 7 == thread) must(store->remove(cid));
        }
    };
    std::thread other(work, 1);
    work(2);
    other.join();
    for (const auto& blob : must(store->list())) must(store->verify(blob.cid));
}

} // namespace
} // namespace assay::storage
