package meter

// The day of the copy below, and where it is from.
const (
	tableDate   = "2026-07-02"
	tableOrigin = "models.dev (MIT licence), commit f3fc692; ten models of July to October 2026 from later stored versions of its files"
)

// table holds a model a line: provider, model, and US dollars for a million
// tokens of input, output, cache reads and cache writes; "-" where the origin
// gives none. After ">" stands the number of input tokens above which the four
// prices that follow hold for the whole request. Models of pictures, sound and
// embeddings are left out, as are those that cost nothing. The price of
// gemini-3.8-flash is the one from 2027 on, which is dearer.
const table = `
alibaba qvq-max 1.2 4.8 - -
alibaba qwen-flash 0.05 0.4 - -
alibaba qwen-max 1.6 6.4 - -
alibaba qwen-mt-plus 2.46 7.37 - -
alibaba qwen-mt-turbo 0.16 0.49 - -
alibaba qwen-omni-turbo 0.07 0.27 - -
alibaba qwen-omni-turbo-realtime 0.27 1.07 - -
alibaba qwen-plus 0.4 1.2 - -
alibaba qwen-plus-character-ja 0.5 1.4 - -
alibaba qwen-turbo 0.05 0.2 - -
alibaba qwen-vl-max 0.8 3.2 - -
alibaba qwen-vl-plus 0.21 0.63 - -
alibaba qwen2-5-14b-instruct 0.35 1.4 - -
alibaba qwen2-5-32b-instruct 0.7 2.8 - -
alibaba qwen2-5-72b-instruct 1.4 5.6 - -
alibaba qwen2-5-7b-instruct 0.175 0.7 - -
alibaba qwen2-5-omni-7b 0.1 0.4 - -
alibaba qwen2-5-vl-72b-instruct 2.8 8.4 - -
alibaba qwen2-5-vl-7b-instruct 0.35 1.05 - -
alibaba qwen3-14b 0.35 1.4 - -
alibaba qwen3-235b-a22b 0.7 2.8 - -
alibaba qwen3-32b 0.7 2.8 - -
alibaba qwen3-8b 0.18 0.7 - -
alibaba qwen3-asr-flash 0.035 0.035 - -
alibaba qwen3-coder-30b-a3b-instruct 0.45 2.25 - -
alibaba qwen3-coder-480b-a35b-instruct 1.5 7.5 - -
alibaba qwen3-coder-flash 0.3 1.5 - -
alibaba qwen3-coder-plus 1 5 - -
alibaba qwen3-livetranslate-flash-realtime 10 10 - -
alibaba qwen3-max 1.2 6 - -
alibaba qwen3-next-80b-a3b-instruct 0.5 2 - -
alibaba qwen3-next-80b-a3b-thinking 0.5 6 - -
alibaba qwen3-omni-flash 0.43 1.66 - -
alibaba qwen3-omni-flash-realtime 0.52 1.99 - -
alibaba qwen3-vl-235b-a22b 0.7 2.8 - -
alibaba qwen3-vl-30b-a3b 0.2 0.8 - -
alibaba qwen3-vl-plus 0.2 1.6 - -
alibaba qwen3.5-122b-a10b 0.4 3.2 - -
alibaba qwen3.5-27b 0.3 2.4 - -
alibaba qwen3.5-35b-a3b 0.25 2 - -
alibaba qwen3.5-397b-a17b 0.6 3.6 - -
alibaba qwen3.5-plus 0.4 2.4 - -
alibaba qwen3.6-27b 0.6 3.6 - -
alibaba qwen3.6-35b-a3b 0.248 1.485 - -
alibaba qwen3.6-flash 0.1875 1.125 - 0.234375
alibaba qwen3.6-max-preview 1.3 7.8 0.13 1.625
alibaba qwen3.6-plus 0.5 3 0.05 0.625 >256000 2 6 0.2 2.5
alibaba qwen3.7-max 2.5 7.5 0.5 3.125
alibaba qwen3.7-plus 0.5 3 0.05 0.625 >256000 2 6 0.2 2.5
alibaba qwq-plus 0.8 2.4 - -
anthropic claude-3-5-sonnet-20240620 3 15 0.3 3.75
anthropic claude-3-5-sonnet-20241022 3 15 0.3 3.75
anthropic claude-3-7-sonnet-20250219 3 15 0.3 3.75
anthropic claude-3-haiku-20240307 0.25 1.25 0.03 0.3
anthropic claude-3-opus-20240229 15 75 1.5 18.75
anthropic claude-3-sonnet-20240229 3 15 0.3 0.3
anthropic claude-fable-5 10 50 1 12.5
anthropic claude-haiku-4-5 1 5 0.1 1.25
anthropic claude-haiku-4-5-20251001 1 5 0.1 1.25
anthropic claude-opus-4-0 15 75 1.5 18.75
anthropic claude-opus-4-1 15 75 1.5 18.75
anthropic claude-opus-4-1-20250805 15 75 1.5 18.75
anthropic claude-opus-4-20250514 15 75 1.5 18.75
anthropic claude-opus-4-5 5 25 0.5 6.25
anthropic claude-opus-4-5-20251101 5 25 0.5 6.25
anthropic claude-opus-4-6 5 25 0.5 6.25
anthropic claude-opus-4-7 5 25 0.5 6.25
anthropic claude-opus-4-8 5 25 0.5 6.25
anthropic claude-opus-5 5 25 0.5 6.25
anthropic claude-opus-5-5 4 20 0.2 5
anthropic claude-sonnet-4-0 3 15 0.3 3.75
anthropic claude-sonnet-4-20250514 3 15 0.3 3.75
anthropic claude-sonnet-4-5 3 15 0.3 3.75
anthropic claude-sonnet-4-5-20250929 3 15 0.3 3.75
anthropic claude-sonnet-4-6 3 15 0.3 3.75
anthropic claude-sonnet-5 2 10 0.2 2.5
anthropic claude-sonnet-5-5 2 10 0.1 2.5
deepseek deepseek-chat 0.14 0.28 0.0028 -
deepseek deepseek-reasoner 0.14 0.28 0.0028 -
deepseek deepseek-v4-flash 0.14 0.28 0.0028 -
deepseek deepseek-v4-pro 0.435 0.87 0.003625 -
gemini gemini-2.0-flash 0.1 0.4 0.025 -
gemini gemini-2.0-flash-lite 0.075 0.3 - -
gemini gemini-2.5-flash 0.3 2.5 0.03 -
gemini gemini-2.5-flash-lite 0.1 0.4 0.01 -
gemini gemini-2.5-pro 1.25 10 0.125 - >200000 2.5 15 0.25 -
gemini gemini-3-flash-preview 0.5 3 0.05 -
gemini gemini-3-pro-preview 2 12 0.2 - >200000 4 18 0.4 -
gemini gemini-3.1-flash-lite 0.25 1.5 0.025 -
gemini gemini-3.1-flash-lite-preview 0.25 1.5 0.025 -
gemini gemini-3.1-pro-preview 2 12 0.2 - >200000 4 18 0.4 -
gemini gemini-3.1-pro-preview-customtools 2 12 0.2 - >200000 4 18 0.4 -
gemini gemini-3.5-flash 1.5 9 0.15 -
gemini gemini-3.7-flash 1.5 7.5 0.15 -
gemini gemini-3.8-flash 1.5 7.5 0.15 -
gemini gemini-flash-latest 0.3 2.5 0.075 -
gemini gemini-flash-lite-latest 0.1 0.4 0.025 -
mistral codestral-latest 0.3 0.9 - -
mistral devstral-2512 0.4 2 - -
mistral devstral-latest 0.4 2 - -
mistral devstral-medium-2507 0.4 2 - -
mistral devstral-medium-latest 0.4 2 - -
mistral devstral-small-2505 0.1 0.3 - -
mistral devstral-small-2507 0.1 0.3 - -
mistral magistral-medium-latest 2 5 - -
mistral magistral-small 0.5 1.5 - -
mistral ministral-3b-latest 0.04 0.04 - -
mistral ministral-8b-latest 0.1 0.1 - -
mistral mistral-large-2411 2 6 - -
mistral mistral-large-2512 0.5 1.5 - -
mistral mistral-large-latest 0.5 1.5 - -
mistral mistral-medium-2505 0.4 2 - -
mistral mistral-medium-2508 0.4 2 - -
mistral mistral-medium-2604 1.5 7.5 - -
mistral mistral-medium-latest 0.4 2 - -
mistral mistral-nemo 0.15 0.15 - -
mistral mistral-small-2506 0.1 0.3 - -
mistral mistral-small-2603 0.15 0.6 - -
mistral mistral-small-latest 0.15 0.6 - -
mistral open-mistral-7b 0.25 0.25 - -
mistral open-mistral-nemo 0.15 0.15 - -
mistral open-mixtral-8x22b 2 6 - -
mistral open-mixtral-8x7b 0.7 0.7 - -
mistral pixtral-12b 0.15 0.15 - -
mistral pixtral-large-latest 2 6 - -
moonshotai kimi-k2-0711-preview 0.6 2.5 0.15 -
moonshotai kimi-k2-0905-preview 0.6 2.5 0.15 -
moonshotai kimi-k2-thinking 0.6 2.5 0.15 -
moonshotai kimi-k2-thinking-turbo 1.15 8 0.15 -
moonshotai kimi-k2-turbo-preview 2.4 10 0.6 -
moonshotai kimi-k2.5 0.6 3 0.1 -
moonshotai kimi-k2.6 0.95 4 0.16 -
moonshotai kimi-k2.7-code 0.95 4 0.19 -
moonshotai kimi-k2.7-code-highspeed 1.9 8 0.38 -
openai gpt-3.5-turbo 0.5 1.5 0 -
openai gpt-4 30 60 - -
openai gpt-4-turbo 10 30 - -
openai gpt-4.1 2 8 0.5 -
openai gpt-4.1-mini 0.4 1.6 0.1 -
openai gpt-4.1-nano 0.1 0.4 0.025 -
openai gpt-4o 2.5 10 1.25 -
openai gpt-4o-2024-05-13 5 15 - -
openai gpt-4o-2024-08-06 2.5 10 1.25 -
openai gpt-4o-2024-11-20 2.5 10 1.25 -
openai gpt-4o-mini 0.15 0.6 0.075 -
openai gpt-5 1.25 10 0.125 -
openai gpt-5-chat-latest 1.25 10 0.125 -
openai gpt-5-codex 1.25 10 0.125 -
openai gpt-5-mini 0.25 2 0.025 -
openai gpt-5-nano 0.05 0.4 0.005 -
openai gpt-5-pro 15 120 - -
openai gpt-5.1 1.25 10 0.125 -
openai gpt-5.1-chat-latest 1.25 10 0.125 -
openai gpt-5.1-codex 1.25 10 0.125 -
openai gpt-5.1-codex-max 1.25 10 0.125 -
openai gpt-5.1-codex-mini 0.25 2 0.025 -
openai gpt-5.2 1.75 14 0.175 -
openai gpt-5.2-chat-latest 1.75 14 0.175 -
openai gpt-5.2-codex 1.75 14 0.175 -
openai gpt-5.2-pro 21 168 - -
openai gpt-5.3-chat-latest 1.75 14 0.175 -
openai gpt-5.3-codex 1.75 14 0.175 -
openai gpt-5.3-codex-spark 1.75 14 0.175 -
openai gpt-5.4 2.5 15 0.25 - >272000 5 22.5 0.5 -
openai gpt-5.4-mini 0.75 4.5 0.075 -
openai gpt-5.4-nano 0.2 1.25 0.02 -
openai gpt-5.4-pro 30 180 - - >272000 60 270 - -
openai gpt-5.5 5 30 0.5 - >272000 10 45 1 -
openai gpt-5.5-pro 30 180 - - >272000 60 270 - -
openai gpt-5.6 2 10 0.2 2.5 >272000 4 15 0.4 5
openai gpt-5.6-luna 1 6 0.1 -
openai gpt-5.6-sol 2 10 0.2 2.5 >272000 4 15 0.4 5
openai gpt-5.6-terra 2.5 15 0.25 -
openai gpt-6-astra 10 50 1 12.5 >272000 20 75 2 25
openai o1 15 60 7.5 -
openai o1-pro 150 600 - -
openai o3 2 8 0.5 -
openai o3-deep-research 10 40 2.5 -
openai o3-mini 1.1 4.4 0.55 -
openai o3-pro 20 80 - -
openai o4-mini 1.1 4.4 0.275 -
openai o4-mini-deep-research 2 8 0.5 -
xai grok-4.20-0309-non-reasoning 1.25 2.5 0.2 - >200000 2.5 5 0.4 -
xai grok-4.20-0309-reasoning 1.25 2.5 0.2 - >200000 2.5 5 0.4 -
xai grok-4.20-multi-agent-0309 1.25 2.5 0.2 - >200000 2.5 5 0.4 -
xai grok-4.3 1.25 2.5 0.2 - >200000 2.5 5 0.4 -
xai grok-build-0.1 1 2 0.2 - >200000 2 4 0.4 -
zai glm-4.5 0.6 2.2 0.11 0
zai glm-4.5-air 0.2 1.1 0.03 0
zai glm-4.5v 0.6 1.8 - -
zai glm-4.6 0.6 2.2 0.11 0
zai glm-4.6v 0.3 0.9 - -
zai glm-4.7 0.6 2.2 0.11 0
zai glm-4.7-flashx 0.07 0.4 0.01 0
zai glm-5 1 3.2 0.2 0
zai glm-5-turbo 1.2 4 0.24 0
zai glm-5.1 1.4 4.4 0.26 0
zai glm-5.2 1.4 4.4 0.26 0
zai glm-5v-turbo 1.2 4 0.24 0
`
