// Pages that come when one of them is asked for: in one file they are smaller than in three.
import type { Component } from 'svelte';
import Admin from './Admin.svelte';
import Explore from './Explore.svelte';
import Health from './Health.svelte';

export const pages: Record<string, Component> = { '/explore': Explore, '/health': Health, '/admin': Admin };
