--- darktable's images as files, and their tags.

local dt = require("darktable")

local here = (...):match("^(.*[./])")
local background = require(here .. "background")

local photos = {}

--- Calls into darktable hold its Lua lock, a few milliseconds for each photo: so often others get a turn.
local TURN = 10

--- The root of all keywords of the agent's.
photos.ROOT = "RealQA|"

--- Given a list of darktable's (of images, films or tags), return it as a table.
---
--- By its length, since ipairs looks one further: of films and tags, darktable 4.2.1 takes that for an error.
function photos.list(theirs)
  local list = {}
  for number = 1, #theirs do
    list[number] = theirs[number]
  end
  return list
end

--- Return the absolute path of an image's file.
function photos.path(image)
  return (image.path:gsub("/+$", "")) .. "/" .. image.filename
end

--- Return the paths of images, each once, and the images by path.
function photos.by_path(images)
  local paths, found = {}, {}
  for number, image in ipairs(images) do
    photos.give_turn(number)
    local path = photos.path(image)
    if not found[path] then
      found[path] = {}
      paths[#paths + 1] = path
    end
    table.insert(found[path], image)
  end
  return paths, found
end

--- Given the images of one file, return the one that the agent speaks of: duplicates are a human's other versions.
function photos.original(images)
  for _, image in ipairs(images) do
    if image.duplicate_index == 0 then
      return image
    end
  end
  return nil
end

--- Given paths, return the originals in the library, by path.
function photos.find(paths)
  local wanted, films, found = {}, {}, {}
  for _, path in ipairs(paths) do
    wanted[path] = true
    films[path:match("^(.*)/") or ""] = true
  end
  for _, film in ipairs(photos.list(dt.films)) do
    if films[(film.path:gsub("/+$", ""))] then
      for number, image in ipairs(photos.list(film)) do
        photos.give_turn(number)
        local path = photos.path(image)
        if wanted[path] and image.duplicate_index == 0 then
          found[path] = image
        end
      end
    end
  end
  return found
end

--- Return the names of an image's tags under `ROOT`, as a set.
function photos.tags(image)
  local names = {}
  for _, tag in ipairs(image:get_tags()) do
    if tag.name:sub(1, #photos.ROOT) == photos.ROOT then
      names[tag.name] = true
    end
  end
  return names
end

--- Attach a tag, which is made if there is none of this name.
function photos.attach(name, image)
  image:attach_tag(dt.tags.create(name))
end

--- Detach a tag.
function photos.detach(name, image)
  local tag = dt.tags.find(name)
  if tag then
    image:detach_tag(tag)
  end
end

--- Return all images that have a tag.
function photos.tagged(name)
  return photos.list(dt.tags.find(name) or {})
end

--- In a loop that looks at photos: let darktable's other Lua threads run now and then.
function photos.give_turn(number)
  if number % TURN == 0 then
    background.sleep(1)
  end
end

return photos
