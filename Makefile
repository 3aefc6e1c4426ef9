# azure-signalr for Lua: build, test and show.
#
#   make          build into build/        make test    set up, build, run all tests
#   make demo     the whole story, offline make check   linters and house rules
#   make help     every target
#
# Variables: V=1 shows the commands; CC, LUA, BUILD, EXTRA_CFLAGS, EXTRA_LDFLAGS, WERROR (empty: off).

SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

V     ?=
QUIET  = $(findstring s,$(filter-out -%,$(firstword $(MAKEFLAGS))))
say    = $(if $(V),,$(if $(QUIET),@,@echo '  $(1)	$(notdir $@)';))
BUILD ?= build
ROOT  := $(CURDIR)
OS    := $(shell uname -s)
ifeq ($(origin CC),default)
CC := cc
endif
AR ?= ar

# ---- where the libraries are: pkg-config, else Homebrew, else the usual place

PKG_CONFIG ?= pkg-config
BREW := $(if $(filter Darwin,$(OS)),$(shell command -v brew 2>/dev/null))
ifneq ($(BREW),)
BREW_PREFIX := $(shell brew --prefix)
export PKG_CONFIG_PATH := $(BREW_PREFIX)/opt/curl/lib/pkgconfig:$(BREW_PREFIX)/opt/openssl@3/lib/pkgconfig:$(BREW_PREFIX)/opt/lua@5.4/lib/pkgconfig:$(PKG_CONFIG_PATH)
BREW_INCLUDE := -I$(BREW_PREFIX)/include
BREW_LIB := -L$(BREW_PREFIX)/lib
endif

# $(call pc,flag,package,fallback)
pc = $(shell $(PKG_CONFIG) --exists $(2) 2>/dev/null && $(PKG_CONFIG) $(1) $(2) || echo '$(3)')

LUA ?= $(shell for l in lua5.4 lua-5.4 lua54 lua; do \
  command -v $$l >/dev/null 2>&1 && $$l -e 'os.exit(_VERSION == "Lua 5.4")' && { echo $$l; exit; }; done; echo lua5.4)
LUA_INCLUDE ?= $(firstword $(dir $(wildcard /usr/include/lua5.4/lua.h /usr/local/include/lua5.4/lua.h \
  $(BREW_PREFIX)/opt/lua@5.4/include/lua/lua.h $(BREW_PREFIX)/opt/lua@5.4/include/lua5.4/lua.h /usr/include/lua.h)))
LUA_CFLAGS := $(if $(LUA_INCLUDE),-isystem $(LUA_INCLUDE:%/=%),$(call pc,--cflags,lua5.4,-I/usr/include/lua5.4))
LUA_LIBS   := $(call pc,--libs,lua5.4,$(BREW_LIB) -llua5.4)
LIB_CFLAGS := $(call pc,--cflags,libcurl libcrypto jansson,$(BREW_INCLUDE))
CORE_LIBS  := $(call pc,--libs,libcurl libcrypto jansson,$(BREW_LIB) -lcurl -lcrypto -ljansson) -lm
MHD_CFLAGS := $(call pc,--cflags,libmicrohttpd libcrypto,$(BREW_INCLUDE))
MHD_LIBS   := $(call pc,--libs,libmicrohttpd libcrypto,$(BREW_LIB) -lmicrohttpd -lcrypto)

# ---- flags

WERROR   ?=
OPTIMIZE ?= -O2
HARDEN   ?= -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wconversion -Wno-sign-conversion -Wformat=2 -Wno-trigraphs $(WERROR)
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -g -fPIC $(OPTIMIZE) $(HARDEN) $(WARN) \
             $(CFLAGS) $(EXTRA_CFLAGS)
# The optimiser sees a module as a whole: a request runs through forty files. The objects hold plain code too,
# for libazl.a. LTO= turns it off, as do sanitizers, and compilers that do not know these flags.
LTO_WANTED := -flto=auto -ffat-lto-objects
LTO := $(if $(findstring -fsanitize,$(EXTRA_CFLAGS)),,$(shell d=$$(mktemp -d) && echo 'int azl;' > $$d/a.c && \
  $(CC) -Werror $(LTO_WANTED) -fPIC -shared -o $$d/a.so $$d/a.c 2>/dev/null && echo '$(LTO_WANTED)'; rm -rf "$$d"))
ifeq ($(OS),Darwin)
MODULE_LDFLAGS := -bundle -undefined dynamic_lookup
else
MODULE_LDFLAGS := -shared -Wl,-z,relro,-z,now,-z,noexecstack \
                  -Wl,--version-script=$(BUILD)/exports.map
endif

# ---- what is built. New files in csrc/ and spec/c/ are picked up by name:
#      lua_emulator_*, emulator_*: the emulator's server; lua_*: the binding; the rest: core.

SERVER_SRC := $(wildcard csrc/emulator_*.c csrc/lua_emulator_*.c)
LUA_SRC    := $(filter-out $(SERVER_SRC),$(wildcard csrc/lua_*.c))
CORE_SRC   := $(filter-out $(SERVER_SRC) $(LUA_SRC),$(wildcard csrc/*.c))
obj = $(patsubst csrc/%.c,$(BUILD)/obj/%.o,$(1))
SERVER_OBJ := $(call obj,$(SERVER_SRC))
LUA_OBJ    := $(call obj,$(LUA_SRC))
CORE_OBJ   := $(call obj,$(CORE_SRC))
# What of the core the server is made of too: its rock builds no more than that.
SERVER_BASE := $(call obj,csrc/buf.c csrc/bytes.c csrc/mem.c)
CORE_LIB   := $(BUILD)/libazl.a
CORE_SO    := $(BUILD)/azure/core.so
SERVER_SO  := $(BUILD)/azure/emulator/server.so
C_TESTS    := $(patsubst spec/c/%.c,$(BUILD)/spec/%,$(wildcard spec/c/test_*.c))

LUA_PATH_HERE  := $(ROOT)/lua/?.lua;$(ROOT)/lua/?/init.lua;;
LUA_CPATH_HERE := $(abspath $(BUILD))/?.so;;
# Lua prefers these to LUA_PATH and LUA_CPATH; an empty one would be an empty path.
unexport LUA_PATH_5_4 LUA_CPATH_5_4
WITH_PATHS := LUA_PATH='$(ROOT)/?.lua;$(LUA_PATH_HERE)' LUA_CPATH='$(LUA_CPATH_HERE)' LUA_INIT= LUA_INIT_5_4=

.PHONY: all modules clean help env setup
all: modules
modules: $(if $(LUA_SRC),$(CORE_SO)) $(if $(SERVER_SRC),$(SERVER_SO)) $(CORE_LIB)

$(BUILD)/obj/%.o: csrc/%.c $(BUILD)/flags | $(BUILD)/obj
	$(call say,cc)$(CC) $(CFLAGS_ALL) $(LTO) -fvisibility=hidden $(LIB_CFLAGS) $(OBJ_CFLAGS) -MMD -MP -c -o $@ $<
# Which names leave a module is the export map's business; luaopen_* must be visible to it.
$(LUA_OBJ): OBJ_CFLAGS := -fvisibility=default $(LUA_CFLAGS)
$(SERVER_OBJ): OBJ_CFLAGS := -fvisibility=default $(LUA_CFLAGS) $(MHD_CFLAGS)

$(CORE_LIB): $(CORE_OBJ)
	@rm -f $@
	$(call say,ar)$(AR) rcs $@ $^

$(CORE_SO): $(LUA_OBJ) $(CORE_OBJ) | $(BUILD)/exports.map
	@mkdir -p $(@D)
	$(call say,link)$(CC) $(MODULE_LDFLAGS) $(LTO) $(EXTRA_CFLAGS) $(LDFLAGS) $(EXTRA_LDFLAGS) -o $@ $(LUA_OBJ) $(CORE_OBJ) $(CORE_LIBS)

$(SERVER_SO): $(SERVER_OBJ) $(SERVER_BASE) | $(BUILD)/exports.map
	@mkdir -p $(@D)
	$(call say,link)$(CC) $(MODULE_LDFLAGS) $(LTO) $(EXTRA_CFLAGS) $(LDFLAGS) $(EXTRA_LDFLAGS) -o $@ $(SERVER_OBJ) $(SERVER_BASE) $(MHD_LIBS)

$(BUILD)/obj $(BUILD)/spec $(BUILD)/fuzz:
	@mkdir -p $@

$(BUILD)/exports.map: | $(BUILD)/obj
	@printf '{ global: luaopen_*; local: *; };\n' > $@

# Objects are rebuilt when compiler or flags change, not only when sources do.
FLAGS_NOW = $(CC) $(CFLAGS_ALL) $(LTO) $(LUA_CFLAGS) $(LIB_CFLAGS)
$(BUILD)/flags: FORCE | $(BUILD)/obj
	@echo '$(FLAGS_NOW)' | cmp -s - $@ || echo '$(FLAGS_NOW)' > $@
.PHONY: FORCE
FORCE:

-include $(wildcard $(BUILD)/obj/*.d)

env:
	@echo "export LUA_PATH='$(LUA_PATH_HERE)' LUA_PATH_5_4='$(LUA_PATH_HERE)'"
	@echo "export LUA_CPATH='$(LUA_CPATH_HERE)' LUA_CPATH_5_4='$(LUA_CPATH_HERE)'"

setup:
	@.ci/setup build

# ---- tests

.PHONY: ctest ctest-build spec test
# A test names further files of spec/c that it is linked with in a comment:
#   /* links: fake_arm.c */      They come before the core and win over it.
$(BUILD)/spec/%: spec/c/%.c $(CORE_LIB) $(wildcard spec/c/*.h spec/c/fake_*.c csrc/*.h) | $(BUILD)/spec
	$(call say,test)$(CC) $(CFLAGS_ALL) -Wno-missing-prototypes $(LIB_CFLAGS) -Icsrc -Ispec/c -o $@ $< \
	  $$(sed -n 's|.*links: *\([^*]*\)\*/.*|\1|p' $< | tr ' ,' '\n\n' | sed -n 's|^..*$$|spec/c/&|p') \
	  $(TEST_LUA) $(CORE_LIB) $(LDFLAGS) $(EXTRA_LDFLAGS) $(CORE_LIBS) -lpthread
# One test has whole Lua states in it.
$(BUILD)/spec/test_states: $(LUA_OBJ)
$(BUILD)/spec/test_states: TEST_LUA := $(LUA_CFLAGS) $(LUA_OBJ) $(LUA_LIBS)

# A proxy for specs that spoils connections (spec/trust/wire.c).
WIRE_SO := $(BUILD)/spec/wire.so
$(WIRE_SO): spec/trust/wire.c csrc/host_api.h $(BUILD)/flags | $(BUILD)/spec $(BUILD)/exports.map
	$(call say,link)$(CC) $(CFLAGS_ALL) $(LUA_CFLAGS) -Icsrc $(MODULE_LDFLAGS) $(LDFLAGS) $(EXTRA_LDFLAGS) -o $@ $<

# A resolver for children of specs (spec/trust/dns.c): in front of the C library's.
DNS_SO := $(BUILD)/spec/dns.so
$(DNS_SO): spec/trust/dns.c $(BUILD)/flags | $(BUILD)/spec
	$(call say,link)$(CC) $(CFLAGS_ALL) -Wno-missing-prototypes -shared $(LDFLAGS) $(EXTRA_LDFLAGS) -o $@ $< -ldl

ctest-build: $(C_TESTS) $(WIRE_SO) $(DNS_SO)
ctest: ctest-build
	@$(WRAP_ENV) spec/check/ctest.sh $(C_TESTS)

# make spec SPEC=spec/azure/json_spec.lua ARGS='--filter=null'
SPEC ?=
ARGS ?=
spec: all $(WIRE_SO) $(DNS_SO)
	@$(WITH_PATHS) $(WRAP_ENV) LUA='$(LUA)' spec/check/$(if $(SPEC),busted,specs).sh $(ARGS) $(SPEC)

test:
	@.ci/setup test
	@$(MAKE) --no-print-directory all ctest-build
	@$(WITH_PATHS) LUA='$(LUA)' spec/check/test.sh $(C_TESTS)

# ---- to see it work

.PHONY: demo repl bench conformance
demo:
	@.ci/setup build
	@$(MAKE) --no-print-directory -s all
	@$(WITH_PATHS) $(LUA) examples/demo.lua $(if $(DEMO_TLS),--tls) $(DEMO_ARGS)

# make repl ARGS=--azure: on Azure itself instead of the emulator; also --tls, --speed N
repl:
	@.ci/setup build
	@$(MAKE) --no-print-directory -s all
	@$(WITH_PATHS) $(LUA) lua/azure/repl.lua $(ARGS)

# The reference, one page per module, out of the comments in the source.
.PHONY: docs
docs:
	@.ci/setup build
	@$(MAKE) --no-print-directory -s all
	@mkdir -p $(BUILD)/docs
	@$(WITH_PATHS) $(LUA) spec/check/docs.lua $(BUILD)/docs

bench:
	@.ci/setup bench
	@$(MAKE) --no-print-directory -s all
	@$(WITH_PATHS) LUA='$(LUA)' BUILD='$(BUILD)' sh bench/run.sh $(ARGS)

conformance:
	@.ci/setup conformance
	@$(MAKE) --no-print-directory -s all
	@$(WITH_PATHS) LUA='$(LUA)' BUILD='$(abspath $(BUILD))' spec/conformance/run.sh $(ARGS)

# Not every distribution has a package of it; where there is no az the script says so.
.PHONY: azure-cli
azure-cli:
	@.ci/setup azure-cli || true
	@$(MAKE) --no-print-directory -s all
	@$(WITH_PATHS) LUA='$(LUA)' spec/conformance/azure_cli.sh $(ARGS)

# ---- to trust it

.PHONY: check format check-gcc check-clang check-lua check-house asan valgrind fuzz soak
check:
	@.ci/setup check
	@LUA='$(LUA)' MAKE='$(MAKE)' spec/check/check.sh

format:
	clang-format -i $$(find csrc spec/c spec/fuzz spec/trust bench examples -name '*.[ch]')

check-gcc:
	@$(MAKE) --no-print-directory -s CC=gcc WERROR=-Werror BUILD=$(BUILD)/gcc all ctest-build
check-clang:
	@$(MAKE) --no-print-directory -s CC=clang WERROR=-Werror BUILD=$(BUILD)/clang all ctest-build

ASAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ASAN_ENV = ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:fast_unwind_on_malloc=1 \
  UBSAN_OPTIONS=print_stacktrace=1 LSAN_OPTIONS=suppressions=$(ROOT)/spec/check/lsan.txt:print_suppressions=0 \
  PRELOAD=$$(gcc -print-file-name=libasan.so):$$(gcc -print-file-name=libubsan.so)
ASAN_MAKE = $(MAKE) --no-print-directory -s CC=gcc BUILD=$(BUILD)/asan OPTIMIZE=-O1 HARDEN= EXTRA_CFLAGS='$(ASAN_FLAGS)'
asan:
	@.ci/setup asan
	@$(ASAN_MAKE) all ctest-build
	@LUA_PATH='$(ROOT)/?.lua;$(LUA_PATH_HERE)' LUA_CPATH='$(abspath $(BUILD)/asan)/?.so;;' LUA='$(LUA)' SLOW=1 $(ASAN_ENV) \
	  spec/check/test.sh $(C_TESTS:$(BUILD)/%=$(BUILD)/asan/%)

valgrind:
	@.ci/setup valgrind
	@$(MAKE) --no-print-directory -s all ctest-build
	@$(WITH_PATHS) LUA='$(LUA)' SLOW=1 ARGS='$(ARGS)' \
	  WRAP='valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --suppressions=spec/check/valgrind.supp' \
	  spec/check/test.sh $(C_TESTS)

# Each spec/fuzz/fuzz_*.c for FUZZ_SECONDS; findings stay in build/fuzz/crash.
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst spec/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard spec/fuzz/fuzz_*.c))
FUZZ_FLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
$(BUILD)/fuzz/%: spec/fuzz/%.c $(CORE_LIB) | $(BUILD)/fuzz
	$(call say,fuzz)$(CC) $(CFLAGS_ALL) -Wno-missing-prototypes $(LIB_CFLAGS) -fsanitize=fuzzer -Icsrc -Ispec/c -Ispec/fuzz -o $@ $< \
	  $$(sed -n 's|.*links: *\([^*]*\)\*/.*|\1|p' $< | tr ' ,' '\n\n' | sed -n 's|^..*$$|spec/c/&|p') \
	  $(filter %.o,$^) $(CORE_LIB) $(CORE_LIBS) $(FUZZ_LIBS) -lpthread
$(BUILD)/fuzz/fuzz_lua_json: $(call obj,csrc/lua_json.c csrc/lua_json_encode.c)
$(BUILD)/fuzz/fuzz_exchange: FUZZ_LIBS := $(MHD_CFLAGS) $(MHD_LIBS)
$(addprefix $(BUILD)/fuzz/,fuzz_script fuzz_lua_json fuzz_emulator): FUZZ_LIBS := $(LUA_CFLAGS) $(LUA_LIBS)
.PHONY: fuzz-build
fuzz-build: $(FUZZERS)
fuzz:
	@.ci/setup fuzz
	@$(MAKE) --no-print-directory -s all
	@$(MAKE) --no-print-directory -s CC=clang BUILD=$(BUILD)/fuzz-build OPTIMIZE=-O1 HARDEN= EXTRA_CFLAGS='$(FUZZ_FLAGS)' fuzz-build
	@$(WITH_PATHS) FUZZ_SECONDS=$(FUZZ_SECONDS) spec/fuzz/run.sh $(FUZZERS:$(BUILD)/%=$(BUILD)/fuzz-build/%)

# Every allocation fails in turn, through a whole job, under ASan (ARGS: see spec/trust/torture.c).
$(BUILD)/torture: spec/trust/torture.c $(LUA_OBJ) $(CORE_LIB)
	$(call say,link)$(CC) $(CFLAGS_ALL) $(LIB_CFLAGS) $(LUA_CFLAGS) -Icsrc -rdynamic -o $@ $< $(LUA_OBJ) $(CORE_LIB) \
	  $(CORE_LIBS) $(LUA_LIBS)
.PHONY: torture-build torture
torture-build: $(BUILD)/torture
torture:
	@.ci/setup asan
	@$(MAKE) --no-print-directory -s all
	@$(ASAN_MAKE) torture-build
	@$(WITH_PATHS) $(ASAN_ENV) LUA='$(LUA)' $(BUILD)/asan/torture $(ARGS)

# Several Lua states in threads, under ThreadSanitizer.
TSAN_FLAGS := -fsanitize=thread -fno-omit-frame-pointer
.PHONY: tsan tidy gc-stress
tsan:
	@.ci/setup asan
	@$(MAKE) --no-print-directory -s CC=gcc BUILD=$(BUILD)/tsan OPTIMIZE=-O1 HARDEN= EXTRA_CFLAGS='$(TSAN_FLAGS)' \
	  $(BUILD)/tsan/spec/test_states $(BUILD)/tsan/spec/test_mem
	@LUA_PATH='$(ROOT)/?.lua;$(LUA_PATH_HERE)' LUA_CPATH='$(LUA_CPATH_HERE)' TSAN_OPTIONS=halt_on_error=1 \
	  spec/check/ctest.sh $(BUILD)/tsan/spec/test_states $(BUILD)/tsan/spec/test_mem

# Two analysers that read C for longer than `make check` should take.
tidy:
	@.ci/setup tidy
	@spec/check/tidy.sh $(LUA_CFLAGS) $(LIB_CFLAGS) $(MHD_CFLAGS)

# The specs while Lua's collector works as hard as it can (GC=each|generational|incremental).
GC ?= each
gc-stress: all ctest-build
	@$(WITH_PATHS) AZL_GC=$(GC) AZL_SCHEDULES=30 AZL_FAULT_SCHEDULES=50 LUA='$(LUA)' \
	  spec/check/$(if $(SPEC),busted,specs).sh $(ARGS) $(SPEC)

SOAK_MINUTES ?= 30
SOAK_SECONDS ?= $(shell expr $(SOAK_MINUTES) \* 60)
soak:
	@.ci/setup build
	@$(MAKE) --no-print-directory -s all
	@$(WITH_PATHS) $(LUA) spec/check/soak.lua $(SOAK_SECONDS)

# What takes hours: every night, not for every change.
.PHONY: nightly
nightly:
	@bash .ci/run nightly

# ---- to keep it

.PHONY: install rocks
LUAROCKS ?= luarocks
install:
	$(LUAROCKS) --lua-version 5.4 make rockspec/azure-signalr-scm-1.rockspec
	$(LUAROCKS) --lua-version 5.4 make rockspec/azure-signalr-emulator-scm-1.rockspec

# Both rocks into a fresh tree; the installed module must run.
rocks:
	@.ci/setup rocks
	@LUA='$(LUA)' BUILD='$(abspath $(BUILD))' spec/check/rocks.sh

# The release, made twice: the same commit must give the same bytes.
.PHONY: dist
dist:
	@spec/check/dist.sh $(BUILD)/dist
	@spec/check/dist.sh $(BUILD)/dist-again >/dev/null
	@diff -r $(BUILD)/dist $(BUILD)/dist-again && rm -rf $(BUILD)/dist-again

# The release in a root with nothing but what README names: root and debootstrap.
.PHONY: bare
bare: dist
	@.ci/setup bare
	@spec/check/bare.sh $(BUILD)/dist

# make test on other releases of Debian: other libcurls, Lua 5.4.x, OpenSSLs, compilers.
SUITES ?= trixie sid
.PHONY: suites
suites:
	@.ci/setup bare
	@spec/check/suites.sh $(SUITES)

clean:
	rm -rf $(BUILD)

help:
	@echo 'make              build into $(BUILD)/; then: eval "$$(make -s env)"; lua5.4 script.lua'
	@echo 'make demo         the whole story on the built-in emulator (DEMO_TLS=1: over TLS)'
	@echo 'make test         set up, build, run every C test and spec'
	@echo 'make spec         specs only (SPEC=file ARGS=--filter=words);   make ctest   C tests only'
	@echo 'make check        luacheck, clang-format, cppcheck, -Werror with gcc and clang, house rules'
	@echo 'make asan         every test under ASan, UBSan and LSan;        make valgrind'
	@echo 'make conformance  Microsoft'"'"'s own test servers and clients (needs node and npm)'
	@echo 'make azure-cli    the real az against the emulator (installs it where there is a package)'
	@echo 'make fuzz         libFuzzer targets (FUZZ_SECONDS=60 each);      make soak (SOAK_MINUTES=30)'
	@echo 'make bench        side-by-side benchmarks;                       make repl (ARGS=--azure);  make docs  the reference'
	@echo 'make torture      every allocation fails in turn;               make dist  the release'
	@echo 'make tsan         Lua states in threads;  make tidy  clang-tidy and scan-build;  make gc-stress'
	@echo 'make nightly      what takes hours: valgrind, each allocation, 10,000 schedules, long fuzzing, soak'
	@echo 'make install      both rocks with luarocks;                      make rocks  try them in a fresh tree'
	@echo 'make bare         the release in an empty Debian (needs root and debootstrap);  make suites  tests in others'
