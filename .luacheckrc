std = "lua54"
max_line_length = 120
cache = false
exclude_files = { "build/", "spec/conformance/node_modules/" }
files["spec/"] = { std = "lua54+busted" }
